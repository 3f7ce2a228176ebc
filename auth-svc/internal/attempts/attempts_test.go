package attempts_test

import (
	"maps"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/auth-svc/internal/attempts"
	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/limit"
	"github.com/slippers-api/slippers/kit/redis"
)

func TestPoliciesAreRead(t *testing.T) {
	t.Parallel()
	unset, err := env.ParseAsWithOptions[attempts.Config](env.Options{Environment: map[string]string{}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := env.ParseAsWithOptions[attempts.Config](env.Options{Environment: map[string]string{"ATTEMPT_LIMITS": "login=7/30s"}})
	want := maps.Clone(unset.Policies)
	want[attempts.Login] = limit.PerTime(7, 30*time.Second)
	if err != nil || !maps.Equal(set.Policies, want) || unset.Policies[attempts.Login] != limit.PerTime(5, 5*time.Minute) {
		t.Errorf("unset they are %v, with login named %v, %v", unset.Policies, set.Policies, err)
	}
	if new(attempts.Policies).UnmarshalText([]byte("default=1/60s")) == nil {
		t.Error("a kind that there is not was taken")
	}
}

// What was decided can be seen, from the start, and so can that Redis is away.
func TestDecisionsAreCounted(t *testing.T) {
	t.Parallel()
	rdb, err := redis.Open(redis.Config{URL: "redis://127.0.0.1:1/0"})
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	cfg, err := env.ParseAsWithOptions[attempts.Config](env.Options{Environment: map[string]string{"ATTEMPT_LIMITS": "account=1/1h,forgot=1/1h"}})
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	a := attempts.New(cfg, batch.New(rdb, reg), rdb, reg)
	const number = "+998901234567"
	for range 3 {
		_ = a.Forgot(t.Context(), number, "203.0.113.1")
	}
	in := func(address string, came error) {
		if done, err := a.Login(t.Context(), number, address); err == nil {
			done(came)
		}
	}
	in("203.0.113.1", nil)
	in("203.0.113.1", nil)
	in("203.0.113.2", account.ErrLogin)
	in("203.0.113.3", account.ErrLogin)
	got := map[string]float64{}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetCounter().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"auth_attempts_total allowed login": 4, "auth_attempts_total limited login": 0,
		"auth_attempts_total allowed account": 2, "auth_attempts_total limited account": 1, "auth_attempts_total known account": 1,
		"auth_attempts_total allowed forgot": 1, "auth_attempts_total limited forgot": 2,
		"auth_attempts_total allowed codes": 1, "auth_attempts_total known codes": 0, "auth_attempts_total known guesses": 0,
		"auth_attempts_total allowed reset": 0, "auth_attempts_total limited reset": 0,
		"auth_attempts_degraded_total": 7,
	} {
		if n, ok := got[name]; !ok || n != want {
			t.Errorf("%s is %v, %t, want %v", name, n, ok, want)
		}
	}
}
