//go:build cluster && operators

package cluster_test

import (
	"encoding/base64"
	"testing"
	"time"
)

// TestExternalSecrets installs the store beside databases of somebody else, with secrets that the operator brings from a store.
func TestExternalSecrets(t *testing.T) {
	empty(t)
	databases, err := command(t.Context(), "", "helm", "template", "db", chart, "--namespace", the.Namespace, "--set", "global.tryout=true",
		"--set", "tryout.postgresql.image="+the.PostgresImage, "--set", "redis.image="+the.RedisImage,
		"--show-only", "templates/tryout-postgresql.yaml", "--show-only", "templates/redis.yaml", "--show-only", "templates/secrets.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := command(t.Context(), databases, "kubectl", "--namespace", the.Namespace, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	for _, database := range []string{"postgresql", "redis"} {
		kubectl(t, "rollout", "status", "statefulset/db-"+database, "--timeout", "2m")
	}
	apply(t, "externalsecrets.yaml", "NAMESPACE", the.Namespace)
	provider(t)

	start := time.Now()
	upgrade(t, the.Tag, "externalsecrets.values.yaml")
	t.Logf("the release was ready after %.1f s", time.Since(start).Seconds())
	s := &store{}
	s.open(t)
	s.buy(t, "with-secrets-from-outside")

	const changed = "another"
	kubectl(t, "patch", "secret", "db-order", "--patch", `{"stringData":{"OCTO_UNIQUE_KEY":"`+changed+`"}}`)
	eventually(t, time.Minute, "a changed entry reaches order-svc's Secret", func() bool {
		secret := object[struct {
			Data map[string]string `json:"data"`
		}](t, "get", "secret", release+"-order")
		return secret.Data["OCTO_UNIQUE_KEY"] == base64.StdEncoding.EncodeToString([]byte(changed))
	})
}
