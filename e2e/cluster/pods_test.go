//go:build cluster

package cluster_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// services are the charts of what is ours.
var services = []string{"auth", "catalog", "order", "gateway"}

// pod is what these tests read of one.
type pod struct {
	Metadata struct {
		Name              string            `json:"name"`
		Labels            map[string]string `json:"labels"`
		DeletionTimestamp *time.Time        `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		NodeName   string `json:"nodeName"`
		Containers []struct {
			Image string `json:"image"`
		} `json:"containers"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
		ContainerStatuses []struct {
			RestartCount int `json:"restartCount"`
		} `json:"containerStatuses"`
	} `json:"status"`
}

func (p pod) ready() bool {
	for _, c := range p.Status.Conditions {
		if c.Type == "Ready" {
			return c.Status == "True" && p.Metadata.DeletionTimestamp == nil
		}
	}
	return false
}

// pods returns those of a chart, also those that are about to end.
func pods(t *testing.T, chart string) []pod {
	t.Helper()
	type list struct {
		Items []pod `json:"items"`
	}
	return object[list](t, "get", "pods", "--selector", "app.kubernetes.io/instance="+release+",app.kubernetes.io/name="+chart).Items
}

func names(all []pod) (names []string) {
	for _, p := range all {
		names = append(names, p.Metadata.Name)
	}
	slices.Sort(names)
	return names
}

// settled waits until each service has the Pods that it should have, all are ready, and none is about to end.
func settled(t *testing.T) {
	t.Helper()
	type deployment struct {
		Spec struct {
			Replicas int `json:"replicas"`
		} `json:"spec"`
	}
	for _, s := range services {
		eventually(t, 3*time.Minute, s+" is settled", func() bool {
			want := object[deployment](t, "get", "deployment", release+"-"+s).Spec.Replicas
			all := pods(t, s)
			return len(all) == want && !slices.ContainsFunc(all, func(p pod) bool { return !p.ready() })
		})
	}
}

// replaced fails the test unless no Pod of before is there any more.
func replaced(t *testing.T, service string, before []string) {
	t.Helper()
	for _, name := range names(pods(t, service)) {
		if slices.Contains(before, name) {
			t.Errorf("%s has not been replaced", name)
		}
	}
}

// ops asks a Pod at its port of probes and metrics, by way of the API server.
func ops(t *testing.T, name, path string) string {
	t.Helper()
	return kubectl(t, "get", "--raw", "/api/v1/namespaces/"+the.Namespace+"/pods/"+name+":9090/proxy"+path)
}

// address returns where a NodePort Service is reached, on every node.
func addresses(t *testing.T, service string) (urls []string) {
	t.Helper()
	type nodes struct {
		Items []struct {
			Status struct {
				Addresses []struct {
					Type    string `json:"type"`
					Address string `json:"address"`
				} `json:"addresses"`
			} `json:"status"`
		} `json:"items"`
	}
	type svc struct {
		Spec struct {
			Ports []struct {
				NodePort json.Number `json:"nodePort"`
			} `json:"ports"`
		} `json:"spec"`
	}
	port := object[svc](t, "get", "service", service).Spec.Ports[0].NodePort.String()
	for _, n := range object[nodes](t, "get", "nodes").Items {
		for _, a := range n.Status.Addresses {
			if a.Type == "InternalIP" && !strings.Contains(a.Address, ":") {
				urls = append(urls, "http://"+a.Address+":"+port)
			}
		}
	}
	return urls
}
