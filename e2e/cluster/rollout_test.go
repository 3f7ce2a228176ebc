//go:build cluster

package cluster_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEverythingIsReplacedByTheNextVersionWithAMigration(t *testing.T) {
	s := installed(t)
	s.meanwhile(t, func() {
		upgrade(t, the.NextTag)
		s.tag = the.NextTag
	})
	for _, service := range services {
		for _, p := range pods(t, service) {
			if image := p.Spec.Containers[0].Image; !strings.HasSuffix(image, ":"+the.NextTag) {
				t.Errorf("%s runs %s", p.Metadata.Name, image)
			}
		}
	}
	if log := kubectl(t, "logs", "job/"+release+"-migrate"); !strings.Contains(log, "is up to date for "+the.NextTag) {
		t.Errorf("the migration says %s", log)
	}
	s.buy(t, "after-the-upgrade")
}

func TestAChangedValueReplacesEverything(t *testing.T) {
	s := installed(t)
	before := map[string][]string{}
	var changes []string
	for _, service := range services {
		before[service] = names(pods(t, service))
		changes = append(changes, service+".env.HTTP_SLOW_REQUEST=3s")
	}
	s.meanwhile(t, func() { upgrade(t, s.tag, changes...) })
	for _, service := range services {
		replaced(t, service, before[service])
	}
}

func TestAReleaseThatNeverBecomesReadyHurtsNobody(t *testing.T) {
	s := installed(t)
	before := map[string][]string{}
	var broken []string
	for _, service := range services {
		before[service] = names(pods(t, service))
		broken = append(broken, service+".env.HTTP_SLOW_REQUEST=never")
	}
	s.meanwhile(t, func() {
		if err := tryUpgrade(t, s.tag, 45*time.Second, broken...); err == nil {
			t.Error("helm says that a broken release is ready")
		}
		for _, service := range services {
			if now := names(pods(t, service)); len(now) <= len(before[service]) {
				t.Errorf("of the broken %s there is no Pod: %v", service, now)
			}
		}
		if _, err := command(t.Context(), "", "helm", "rollback", release, "--namespace", the.Namespace, "--wait", "--timeout", "3m"); err != nil {
			t.Error(err)
		}
	})
	for _, service := range services {
		if now := names(pods(t, service)); !slices.Equal(now, before[service]) {
			t.Errorf("the Pods of %s are %v, were %v", service, now, before[service])
		}
	}
}

func TestAPodOfEachServiceIsDeleted(t *testing.T) {
	s := installed(t)
	s.meanwhile(t, func() {
		for _, service := range services {
			victim := names(pods(t, service))[:1]
			kubectl(t, "delete", "pod", victim[0])
			settled(t)
			replaced(t, service, victim)
		}
	})
}

func TestANodeIsDrained(t *testing.T) {
	s := installed(t)
	node := s.free(t)
	t.Cleanup(func() {
		if _, err := command(context.WithoutCancel(t.Context()), "", "kubectl", "uncordon", node); err != nil {
			t.Error(err)
		}
	})
	s.meanwhile(t, func() {
		kubectl(t, "drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout", "4m", "--pod-selector", "app.kubernetes.io/instance="+release)
	})
	for _, service := range services {
		for _, p := range pods(t, service) {
			if p.Spec.NodeName == node {
				t.Errorf("%s is still at %s", p.Metadata.Name, node)
			}
		}
	}
}

// free returns a node without the try-out databases: of those there is one Pod each, so draining its node is an outage. They
// are brought together first.
func (s *store) free(t *testing.T) string {
	t.Helper()
	all := strings.Fields(kubectl(t, "get", "nodes", "--output", "name"))
	home := "node/" + pods(t, "postgresql")[0].Spec.NodeName
	if len(all) < 2 {
		t.Fatal("a drain needs two nodes")
	}
	if "node/"+pods(t, "redis")[0].Spec.NodeName != home {
		for _, n := range all {
			if n != home {
				kubectl(t, "cordon", n)
			}
		}
		kubectl(t, "delete", "pod", pods(t, "redis")[0].Metadata.Name)
		eventually(t, time.Minute, "Redis is back", func() bool { p := pods(t, "redis"); return len(p) == 1 && p[0].ready() })
		for _, n := range all {
			kubectl(t, "uncordon", n)
		}
	}
	// There must be something to take away.
	for _, service := range services {
		kubectl(t, "rollout", "restart", "deployment/"+release+"-"+service)
	}
	settled(t)
	for _, n := range all {
		if n != home {
			return strings.TrimPrefix(n, "node/")
		}
	}
	return ""
}
