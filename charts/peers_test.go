package charts_test

import (
	"maps"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/slippers-api/slippers/charts/render"
)

// Who counts by the addresses of a name must find every Pod there: too few would let too much through.
func TestPodsFindEachOtherByName(t *testing.T) {
	t.Parallel()
	objects := rendered(t, render.Release{ValuesFiles: tryoutFile})
	for service, variable := range map[string]string{"gateway": "GATEWAY_PEERS", "auth": "AUTH_PEERS"} {
		name := named[*corev1.ConfigMap](t, objects, "slippers-"+service).Data[variable]
		peers, pods := named[*corev1.Service](t, objects, name).Spec, named[*appsv1.Deployment](t, objects, "slippers-"+service).Spec.Selector.MatchLabels
		if peers.ClusterIP != corev1.ClusterIPNone || !peers.PublishNotReadyAddresses || !maps.Equal(peers.Selector, pods) {
			t.Errorf("%s leads to %q, not ready ones %t, of %v; want the addresses of all of %v", name, peers.ClusterIP, peers.PublishNotReadyAddresses, peers.Selector, pods)
		}
	}
}
