package check

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// scaler returns the autoscaler of w, or nil.
func (o Objects) scaler(w workload) *autoscalingv2.HorizontalPodAutoscaler {
	for _, h := range of[*autoscalingv2.HorizontalPodAutoscaler](o) {
		if t := h.Spec.ScaleTargetRef; t.Kind == w.kind && t.Name == w.name {
			return h
		}
	}
	return nil
}

// scaling: an autoscaler counts in percent of requests, and owns the number of Pods.
func scaling(o Objects) (findings []Finding) {
	for _, w := range o.workloads() {
		h := o.scaler(w)
		if h == nil {
			continue
		}
		if w.replicas != nil {
			findings = append(findings, Finding{"replicas-with-hpa", w.object, "every upgrade would set the number back that the autoscaler chose"})
		}
		for _, m := range h.Spec.Metrics {
			if m.Resource == nil || m.Resource.Target.Type != autoscalingv2.UtilizationMetricType {
				continue
			}
			for _, c := range w.spec.Containers {
				if _, ok := c.Resources.Requests[m.Resource.Name]; !ok {
					findings = append(findings, Finding{"hpa-without-requests", w.object, fmt.Sprintf("%s is scaled by %s and requests none", c.Name, m.Resource.Name)})
				}
			}
		}
	}
	return findings
}

// disruption: a drain must be able to take a Pod, and not all of them.
func disruption(o Objects) (findings []Finding) {
	for _, w := range o.workloads() {
		if w.kind != "Deployment" {
			continue
		}
		least := int32(1)
		if h := o.scaler(w); h != nil && h.Spec.MinReplicas != nil {
			least = *h.Spec.MinReplicas
		} else if w.replicas != nil {
			least = *w.replicas
		}
		budgets := 0
		for _, b := range of[*policyv1.PodDisruptionBudget](o) {
			if !selects(b.Spec.Selector, w.meta.Labels) {
				continue
			}
			budgets++
			switch at, most := b.Spec.MinAvailable, b.Spec.MaxUnavailable; {
			case (at == nil) == (most == nil):
				findings = append(findings, Finding{"pdb", w.object, "its budget must have one of minAvailable and maxUnavailable"})
			case at != nil && at.String() != "0" && (at.IntValue() >= int(least) || at.String() == "100%"):
				findings = append(findings, Finding{"pdb", w.object, fmt.Sprintf("no Pod can be drained: %s of at least %d must stay", at, least)})
			case most != nil && (most.String() == "0" || most.String() == "0%"):
				findings = append(findings, Finding{"pdb", w.object, "no Pod can be drained: 0 may be missing"})
			case most != nil && (most.IntValue() >= int(least) || most.String() == "100%"):
				findings = append(findings, Finding{"pdb", w.object, fmt.Sprintf("all Pods can be drained at once: %s of %d", most, least)})
			}
		}
		if budgets != 1 {
			findings = append(findings, Finding{"pdb", w.object, fmt.Sprintf("%d budgets, and there must be one", budgets)})
		}
	}
	return findings
}

// memory: Go must know its limit before the kernel enforces it.
func memory(o Objects) (findings []Finding) {
	maps := o.configMaps()
	for _, w := range o.workloads() {
		for _, c := range w.containers() {
			for _, r := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
				_, requested := c.Resources.Requests[r]
				_, limited := c.Resources.Limits[r]
				if !requested || !limited {
					findings = append(findings, Finding{"resources", w.object, fmt.Sprintf("%s needs a request and a limit of %s", c.Name, r)})
				}
			}
			text, ok := variable(c, maps, "GOMEMLIMIT")
			if !ok {
				continue
			}
			var mebibytes int64
			if _, err := fmt.Sscanf(text, "%dMiB", &mebibytes); err != nil || mebibytes<<20 >= c.Resources.Limits.Memory().Value() || mebibytes == 0 {
				findings = append(findings, Finding{"gomemlimit", w.object, fmt.Sprintf("%s of a limit of %s", text, c.Resources.Limits.Memory())})
			}
		}
	}
	return findings
}

func (o Objects) configMaps() map[string]*corev1.ConfigMap {
	all := map[string]*corev1.ConfigMap{}
	for _, m := range of[*corev1.ConfigMap](o) {
		all[m.Name] = m
	}
	return all
}

// variable returns what a container would see.
func variable(c corev1.Container, maps map[string]*corev1.ConfigMap, name string) (string, bool) {
	for _, v := range c.Env {
		if v.Name == name {
			return v.Value, true
		}
	}
	for _, from := range c.EnvFrom {
		if from.ConfigMapRef == nil {
			continue
		}
		if m := maps[from.ConfigMapRef.Name]; m != nil {
			if text, ok := m.Data[name]; ok {
				return text, true
			}
		}
	}
	return "", false
}
