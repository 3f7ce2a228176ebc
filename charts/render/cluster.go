package render

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/scheme"
)

// cluster answers the lookups of templates with Secrets.
type cluster []corev1.Secret

// GetClientFor implements Helm's engine.ClientProvider. Charts look up nothing but Secrets.
func (c cluster) GetClientFor(string, string) (dynamic.NamespaceableResourceInterface, bool, error) {
	var objects []runtime.Object
	for _, s := range c {
		s.Namespace = Namespace
		objects = append(objects, &s)
	}
	return fake.NewSimpleDynamicClient(scheme.Scheme, objects...).Resource(schema.GroupVersionResource{Version: "v1", Resource: "secrets"}), true, nil
}
