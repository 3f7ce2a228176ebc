//go:build cluster

package cluster_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	password = "a-long-password"
	manager  = "+998920000001"
)

var shared struct {
	sync.Mutex
	store
}

func TestFromNothingToAPaidOrder(t *testing.T) {
	start := time.Now()
	s := installed(t)
	s.buy(t, "the-first")
	t.Logf("an order was paid after %.1f s", time.Since(start).Seconds())
	for _, service := range services {
		eventually(t, time.Minute, service+" has 2 Pods that are ready", func() bool { return ready(t, service) >= 2 })
	}
}

// installed returns the store. The first test to ask installs it: from nothing to something on sale.
func installed(t *testing.T) *store {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	s := &shared.store
	if s.made {
		upgrade(t, s.tag) // undoes what the test before has changed
		settled(t)
		return s
	}
	start := time.Now()
	provider(t)
	upgrade(t, the.Tag)
	t.Logf("the release was ready after %.1f s", time.Since(start).Seconds())
	s.open(t)
	return s
}

// open puts something on sale, and registers who buys.
func (s *store) open(t *testing.T) {
	t.Helper()
	kubectl(t, "rollout", "status", "deployment/octosim", "--timeout", "1m")
	s.gateway, s.octosim, s.tag = addresses(t, release+"-gateway"), addresses(t, "octosim")[0], the.Tag

	admin(t)
	var slipper struct {
		ID json.Number `json:"id"`
	}
	s.must(t, s.login(t), "POST /slippers/", `{"name":"Felt slipper","size":"38-39","price":129000,"quantity":1000000}`, &slipper)
	s.slipper = slipper.ID.String()
	var registered struct {
		Token string `json:"access_token"`
	}
	s.must(t, "", "POST /auth/register", fmt.Sprintf(
		`{"name":"Aziza","surname":"Karimova","phone_number":"+998910000001","password":%q,"confirm_password":%q}`, password, password), &registered)
	s.token, s.made = registered.Token, true
}

// provider installs the simulated one. It waits for the release's secrets by itself.
func provider(t *testing.T) {
	t.Helper()
	image := "slippers/octosim:" + the.Tag
	if the.Registry != "" {
		image = the.Registry + "/" + image
	}
	apply(t, "octosim.yaml", "IMAGE", image)
}

// apply creates what a file says, in which words stand for others.
func apply(t *testing.T, file string, words ...string) {
	t.Helper()
	manifest, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = command(t.Context(), strings.NewReplacer(words...).Replace(string(manifest)), "kubectl", "--namespace", the.Namespace, "apply", "-f", "-")
	if err != nil {
		t.Fatal(err)
	}
}

// login returns a token of the administrator.
func (s *store) login(t *testing.T) string {
	t.Helper()
	var in struct {
		Token string `json:"access_token"`
	}
	s.must(t, "", "POST /auth/login", fmt.Sprintf(`{"phone_number":%q,"password":%q}`, manager, password), &in)
	return in.Token
}

// admin makes an administrator, as an operator would.
func admin(t *testing.T) {
	t.Helper()
	_, err := command(t.Context(), password, "kubectl", "--namespace", the.Namespace, "exec", "--stdin", "deployment/"+release+"-auth", "--",
		"/auth-svc", "create-admin", "Botir", "Alimov", manager)
	if err != nil {
		t.Fatal(err)
	}
}
