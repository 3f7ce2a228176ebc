// Package check judges rendered objects as a careful reviewer would. Nothing in it needs a cluster.
package check

import (
	"fmt"
	"slices"
	"strings"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

// Finding is something wrong with an object.
type Finding struct {
	Rule, Object, Says string
}

func (f Finding) String() string { return f.Rule + ": " + f.Object + ": " + f.Says }

// foreign are the kinds of operators whose Go types do not build beside those of Kubernetes. Their fields are for their own
// servers to judge.
var foreign = []string{"ExternalSecret.external-secrets.io/v1", "Cluster.postgresql.cnpg.io/v1"}

// known is every kind whose fields are judged here.
var known = func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		scheme.AddToScheme, monitoringv1.AddToScheme, gatewayv1.Install, helmv2.AddToScheme, sourcev1.AddToScheme,
	} {
		utilruntime.Must(add(s))
	}
	return s
}()

// Objects are what was rendered, decoded.
type Objects []runtime.Object

// Decode reads documents as an API server that is strict about unknown and duplicate fields.
func Decode(docs []string) (objects Objects, findings []Finding) {
	decoder := serializer.NewCodecFactory(known, serializer.EnableStrict).UniversalDeserializer()
	for _, doc := range docs {
		var about metav1.PartialObjectMetadata
		if err := yaml.Unmarshal([]byte(doc), &about); err != nil {
			findings = append(findings, Finding{"schema", "?", err.Error()})
			continue
		}
		if slices.Contains(foreign, about.Kind+"."+about.APIVersion) {
			objects = append(objects, &about)
			continue
		}
		object, _, err := decoder.Decode([]byte(doc), nil, nil)
		if err != nil {
			findings = append(findings, Finding{"schema", about.Kind + "/" + about.Name, err.Error()})
			continue
		}
		objects = append(objects, object)
	}
	return objects, findings
}

// Rules runs every rule but the schema, which Decode holds.
func Rules(objects Objects) (findings []Finding) {
	for _, rule := range []func(Objects) []Finding{
		podSecurity, scaling, disruption, probes, ending, memory, networkPolicies, secretsInEnv, tokens, images, selectors,
	} {
		findings = append(findings, rule(objects)...)
	}
	return findings
}

// workload is an object that has Pods.
type workload struct {
	object   string
	kind     string
	name     string
	replicas *int32
	selector *metav1.LabelSelector
	meta     metav1.ObjectMeta
	spec     corev1.PodSpec
}

func (o Objects) workloads() (all []workload) {
	for _, object := range o {
		var w workload
		switch x := object.(type) {
		case *appsv1.Deployment:
			w = workload{kind: "Deployment", name: x.Name, replicas: x.Spec.Replicas, selector: x.Spec.Selector, meta: x.Spec.Template.ObjectMeta, spec: x.Spec.Template.Spec}
		case *appsv1.StatefulSet:
			w = workload{kind: "StatefulSet", name: x.Name, replicas: x.Spec.Replicas, selector: x.Spec.Selector, meta: x.Spec.Template.ObjectMeta, spec: x.Spec.Template.Spec}
		case *batchv1.Job:
			w = workload{kind: "Job", name: x.Name, meta: x.Spec.Template.ObjectMeta, spec: x.Spec.Template.Spec}
		case *corev1.Pod:
			w = workload{kind: "Pod", name: x.Name, meta: x.ObjectMeta, spec: x.Spec}
		default:
			continue
		}
		w.object = w.kind + "/" + w.name
		all = append(all, w)
	}
	return all
}

func (w workload) containers() []corev1.Container {
	return slices.Concat(w.spec.InitContainers, w.spec.Containers)
}

// of returns the objects of one type.
func of[T runtime.Object](o Objects) (all []T) {
	for _, object := range o {
		if x, ok := object.(T); ok {
			all = append(all, x)
		}
	}
	return all
}

func selects(selector *metav1.LabelSelector, pod map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(pod))
}

// Report writes findings one a line.
func Report(findings []Finding) string {
	lines := make([]string, 0, len(findings))
	for _, f := range findings {
		lines = append(lines, fmt.Sprint(f))
	}
	return strings.Join(lines, "\n")
}
