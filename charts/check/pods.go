package check

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// podSecurity is the Pod Security standard "restricted", judged by the code of the API server's own admission.
func podSecurity(o Objects) (findings []Finding) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return []Finding{{"pod-security", "?", err.Error()}}
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, w := range o.workloads() {
		for _, r := range evaluator.EvaluatePod(level, &w.meta, &w.spec) {
			if !r.Allowed {
				findings = append(findings, Finding{"pod-security", w.object, r.ForbiddenReason + " (" + r.ForbiddenDetail + ")"})
			}
		}
		for _, c := range w.containers() {
			if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
				findings = append(findings, Finding{"pod-security", w.object, c.Name + " can write to its image"})
			}
		}
	}
	return findings
}

// probes: alive is about the process alone, ready about what it needs. If both are one question, a lost database restarts
// every Pod.
func probes(o Objects) (findings []Finding) {
	for _, w := range o.workloads() {
		if w.kind != "Deployment" {
			continue
		}
		for _, c := range w.spec.Containers {
			alive, ready, started := c.LivenessProbe, c.ReadinessProbe, c.StartupProbe
			if alive == nil || ready == nil || started == nil {
				findings = append(findings, Finding{"probes", w.object, c.Name + " lacks one of its three probes"})
				continue
			}
			if reflect.DeepEqual(alive.ProbeHandler, ready.ProbeHandler) {
				findings = append(findings, Finding{"probes-identical", w.object, c.Name + " is asked the same for liveness and readiness"})
			}
			for _, p := range []*corev1.Probe{alive, started} {
				if p.HTTPGet == nil || p.HTTPGet.Path != "/livez" {
					findings = append(findings, Finding{"liveness", w.object, c.Name + " would be restarted for what is not its own fault: only /livez looks at nothing else"})
				}
			}
		}
	}
	return findings
}

// ending: what runs must be done before it is killed.
func ending(o Objects) (findings []Finding) {
	maps := o.configMaps()
	for _, w := range o.workloads() {
		for _, c := range w.spec.Containers {
			need, serves := time.Duration(0), false
			for _, name := range []string{"HTTP_DRAIN_DELAY", "HTTP_DRAIN_TIMEOUT"} {
				if text, ok := variable(c, maps, name); ok {
					took, err := time.ParseDuration(text)
					if err != nil {
						findings = append(findings, Finding{"ending", w.object, err.Error()})
					}
					need, serves = need+took, true
				}
			}
			if !serves {
				continue
			}
			if c.Lifecycle == nil || c.Lifecycle.PreStop == nil || c.Lifecycle.PreStop.Sleep == nil {
				findings = append(findings, Finding{"ending", w.object, c.Name + " stops while it is still being called: it has no preStop"})
				continue
			}
			need += time.Duration(c.Lifecycle.PreStop.Sleep.Seconds) * time.Second
			if g := w.spec.TerminationGracePeriodSeconds; g == nil || time.Duration(*g)*time.Second <= need {
				findings = append(findings, Finding{"ending", w.object, fmt.Sprintf("its grace must be above %s, which its draining may take", need)})
			}
		}
	}
	return findings
}

// networkPolicies: every Pod is closed both ways but for what some policy says.
func networkPolicies(o Objects) (findings []Finding) {
	for _, w := range o.workloads() {
		for _, way := range []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress} {
			closed := false
			for _, p := range of[*networkingv1.NetworkPolicy](o) {
				closed = closed || selects(&p.Spec.PodSelector, w.meta.Labels) && slices.Contains(p.Spec.PolicyTypes, way)
			}
			if !closed {
				findings = append(findings, Finding{"network-policy", w.object, fmt.Sprintf("no policy bounds its %s", way)})
			}
		}
	}
	return findings
}

// secretsInEnv: what is in the environment shows in dumps, in children and in every list of processes.
func secretsInEnv(o Objects) (findings []Finding) {
	for _, w := range o.workloads() {
		for _, c := range w.containers() {
			for _, v := range c.Env {
				if v.ValueFrom != nil && v.ValueFrom.SecretKeyRef != nil || telling(v.Name, v.Value) {
					findings = append(findings, Finding{"secret-in-env", w.object, v.Name + " should be a file"})
				}
			}
			for _, from := range c.EnvFrom {
				if from.SecretRef != nil {
					findings = append(findings, Finding{"secret-in-env", w.object, "all of " + from.SecretRef.Name + " should be files"})
				}
			}
		}
	}
	for name, m := range o.configMaps() {
		for _, key := range slices.Sorted(maps.Keys(m.Data)) {
			if telling(key, m.Data[key]) {
				findings = append(findings, Finding{"secret-in-env", "ConfigMap/" + name, key + " should be in a Secret"})
			}
		}
	}
	return findings
}

// telling says whether a variable holds a secret, by its name or by a password in a URL.
func telling(name, value string) bool {
	_, rest, url := strings.Cut(value, "://")
	host, _, _ := strings.Cut(rest, "/")
	if url && strings.Contains(host, "@") {
		return true
	}
	if value == "" || strings.HasPrefix(value, "/") { // the path of a file
		return false
	}
	return slices.ContainsFunc([]string{"SECRET", "PASSWORD", "PRIVATE", "CREDENTIAL", "_KEY"}, func(word string) bool {
		return strings.Contains(name, word)
	})
}

// tokens: no Pod here asks the API server for anything.
func tokens(o Objects) (findings []Finding) {
	for _, w := range o.workloads() {
		if m := w.spec.AutomountServiceAccountToken; m == nil || *m {
			findings = append(findings, Finding{"token", w.object, "an API token is mounted that nothing needs"})
		}
	}
	return findings
}

// images: what runs must be known.
func images(o Objects) (findings []Finding) {
	for _, w := range o.workloads() {
		for _, c := range w.containers() {
			name := c.Image[strings.LastIndex(c.Image, "/")+1:]
			if _, tag, ok := strings.Cut(name, ":"); !ok || tag == "latest" || tag == "" {
				findings = append(findings, Finding{"image", w.object, c.Image + " has no tag or digest that says what it is"})
			}
		}
	}
	return findings
}

// selectors can never be changed, so they hold nothing that might.
func selectors(o Objects) (findings []Finding) {
	want := []string{"app.kubernetes.io/instance", "app.kubernetes.io/name"}
	for _, w := range o.workloads() {
		if w.selector != nil && !slices.Equal(slices.Sorted(maps.Keys(w.selector.MatchLabels)), want) {
			findings = append(findings, Finding{"selector", w.object, fmt.Sprintf("it selects by %v", w.selector.MatchLabels)})
		}
	}
	return findings
}
