package charts_test

import (
	"crypto/x509"
	"encoding/pem"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/slippers-api/slippers/charts/check"
	"github.com/slippers-api/slippers/charts/render"
)

// tree makes values from a path, as --set does.
func tree(value any, path ...string) map[string]any {
	for _, key := range slices.Backward(path) {
		value = map[string]any{key: value}
	}
	return value.(map[string]any)
}

func rendered(t *testing.T, r render.Release) check.Objects {
	t.Helper()
	docs, err := render.Chart("slippers", r)
	if err != nil {
		t.Fatal(err)
	}
	objects, findings := check.Decode(docs)
	if len(findings) > 0 {
		t.Fatal(check.Report(findings))
	}
	return objects
}

func named[T interface{ GetName() string }](t *testing.T, objects check.Objects, name string) T {
	t.Helper()
	for _, o := range objects {
		if x, ok := o.(T); ok && x.GetName() == name {
			return x
		}
	}
	t.Fatalf("no %T %s", *new(T), name)
	panic("unreachable")
}

var tryoutFile = []string{"slippers/ci/tryout.yaml"}

func TestWhatCannotWorkIsNotRendered(t *testing.T) {
	t.Parallel()
	given := func(service, variable string) map[string]any {
		return map[string]any{"global": tree("https://shop.example", "publicURL"), service: tree("x", "env", variable)}
	}
	existing := []string{"slippers/ci/existing.yaml"}
	for name, tt := range map[string]struct {
		files  []string
		values map[string]any
		says   []string
	}{
		"more connections than PostgreSQL has": {existing, tree(20, "catalog", "autoscaling", "maxReplicas"), []string{
			"20 in reserve", "auth (6+1) Pods x 11", "catalog (20+1) Pods x 11", "order (6+1) Pods x 11", "= 405", "postgresql.maxConnections is 300",
		}},
		"no address":                 {existing, tree("", "global", "publicURL"), []string{"global.publicURL"}},
		"no shop":                    {nil, given("catalog", "IMAGES_URL"), []string{"order.env.OCTO_SHOP_ID"}},
		"no place for pictures":      {nil, given("order", "OCTO_SHOP_ID"), []string{"catalog.env.IMAGES_URL"}},
		"a misspelt value":           {tryoutFile, tree(3, "order", "replica"), []string{"replica", "not allowed"}},
		"a misspelt value for all":   {tryoutFile, tree(true, "global", "tryOut"), []string{"tryOut", "not allowed"}},
		"a misspelt value of ours":   {tryoutFile, tree(3, "ingres"), []string{"ingres", "not allowed"}},
		"a wrong type":               {tryoutFile, tree("many", "order", "replicas"), []string{"replicas", "integer"}},
		"memory that nobody can add": {tryoutFile, tree("1e9", "order", "resources", "limits", "memory"), []string{"memory"}},
		"a route to nowhere":         {tryoutFile, tree(true, "httpRoute", "enabled"), []string{"httpRoute.parentRefs"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := render.Chart("slippers", render.Release{ValuesFiles: tt.files, Values: tt.values})
			for _, part := range tt.says {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Fatalf("got %v, want it to say %q", err, part)
				}
			}
		})
	}
}

// One value says where the server listens: the URL that is made must be one that the policies let through.
func TestAGeneratedURLHasThePortThatIsOpen(t *testing.T) {
	t.Parallel()
	objects := rendered(t, render.Release{Values: map[string]any{
		"global": map[string]any{
			"publicURL": "https://shop.example", "secrets": "generated", "postgresql": map[string]any{"ports": []any{6000}},
		},
		"postgresql": map[string]any{"host": "db.example", "admin": map[string]any{"secret": "admin"}},
		"redis":      map[string]any{"url": "redis://redis.example"},
		"catalog":    tree("s3://pictures", "env", "IMAGES_URL"),
		"order":      tree("42", "env", "OCTO_SHOP_ID"),
	}})
	if url := named[*corev1.Secret](t, objects, "slippers-auth").StringData["DATABASE_URL"]; !strings.Contains(url, "@db.example:6000/") {
		t.Errorf("auth-svc's URL is %q", url)
	}
	policies := check.Policies{Namespace: render.Namespace, Of: objects}
	for _, name := range []string{"auth", "migrate"} {
		if !policies.Allow(ours(name, nil), address("203.0.113.5"), 6000, corev1.ProtocolTCP) {
			t.Errorf("%s does not reach it", name)
		}
	}
}

func TestSecretsAreGeneratedOnceAndKept(t *testing.T) {
	t.Parallel()
	secretsOf := func(r render.Release) map[string]corev1.Secret {
		all := map[string]corev1.Secret{}
		r.ValuesFiles = tryoutFile
		for _, o := range rendered(t, r) {
			if s, ok := o.(*corev1.Secret); ok {
				s.Data = map[string][]byte{}
				for k, v := range s.StringData {
					s.Data[k] = []byte(v)
				}
				all[s.Name] = *s
			}
		}
		return all
	}
	first, other := secretsOf(render.Release{}), secretsOf(render.Release{})
	kept := secretsOf(render.Release{Upgrade: true, Secrets: slices.Collect(maps.Values(first))})
	if len(first) != 7 || len(kept) != len(first) {
		t.Fatalf("%d and %d secrets, want 7", len(first), len(kept))
	}
	for name, s := range first {
		for key, text := range s.StringData {
			if kept[name].StringData[key] != text {
				t.Errorf("an upgrade changes %s of %s", key, name)
			}
			if other[name].StringData[key] == text {
				t.Errorf("two installations have the same %s of %s", key, name)
			}
		}
	}
	auth, migrate := first["slippers-auth"].StringData, first["slippers-migrate"].StringData
	if !strings.Contains(auth["DATABASE_URL"], "slippers_auth:"+migrate["AUTH_DB_PASSWORD"]+"@slippers-postgresql") {
		t.Errorf("auth-svc's URL %q has not the password that the migration sets", auth["DATABASE_URL"])
	}
	if auth["INTERNAL_SECRET"] == "" || auth["INTERNAL_SECRET"] != first["slippers-gateway"].StringData["INTERNAL_SECRET"] {
		t.Error("the services do not share their secret")
	}
	key, _ := pem.Decode([]byte(auth["AUTH_SIGNING_KEYS"]))
	if key == nil {
		t.Fatalf("the signing key is no PEM")
	}
	if _, err := x509.ParsePKCS8PrivateKey(key.Bytes); err != nil {
		t.Errorf("the signing key: %v", err)
	}
	if made, err := time.Parse(time.RFC3339, key.Headers["Created"]); err != nil || time.Since(made) > time.Hour {
		t.Errorf("the signing key was made at %v, %v", made, err)
	}
}

// migration is the release's only Job.
func migration(t *testing.T, objects check.Objects) *batchv1.Job {
	t.Helper()
	var found []*batchv1.Job
	for _, o := range objects {
		if job, ok := o.(*batchv1.Job); ok {
			found = append(found, job)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d Jobs, want 1", len(found))
	}
	return found[0]
}

func TestTheMigrationComesBeforeTheServices(t *testing.T) {
	t.Parallel()
	const hook = "helm.sh/hook"
	for name, tt := range map[string]struct {
		release render.Release
		hook    string
		waits   int // init containers of a service
	}{
		"everything given":       {render.Release{ValuesFiles: []string{"slippers/ci/existing.yaml"}}, "pre-install,pre-upgrade", 0},
		"with its database":      {render.Release{ValuesFiles: tryoutFile}, "", 1},
		"with its database, old": {render.Release{ValuesFiles: tryoutFile, Upgrade: true}, "pre-upgrade", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := rendered(t, tt.release)
			job := migration(t, objects)
			if got := job.Annotations[hook]; got != tt.hook {
				t.Errorf("the hook is %q, want %q", got, tt.hook)
			}
			if tt.hook != "" && job.Name != "slippers-migrate" { // which runbooks ask for its log, and Helm for the one before
				t.Errorf("the hook's name is %s", job.Name)
			}
			for _, service := range []string{"auth", "catalog", "order"} {
				if got := len(named[*appsv1.Deployment](t, objects, "slippers-"+service).Spec.Template.Spec.InitContainers); got != tt.waits {
					t.Errorf("%s has %d init containers, want %d", service, got, tt.waits)
				}
			}
		})
	}
}

// Who applies what was rendered without Helm's release would change the Job of the version before, which Kubernetes refuses.
func TestAMigrationThatIsNoHookHasANameOfItsOwn(t *testing.T) {
	t.Parallel()
	external := []string{"slippers/ci/external.yaml"}
	with := func(value any, path ...string) *batchv1.Job {
		return migration(t, rendered(t, render.Release{ValuesFiles: external, Values: tree(value, path...)}))
	}
	first := with("1.0.0", "global", "image", "tag")
	if again := with("1.0.0", "global", "image", "tag"); again.Name != first.Name {
		t.Errorf("one version has two names, %s and %s", first.Name, again.Name)
	}
	if first.Spec.TTLSecondsAfterFinished == nil {
		t.Error("the Job is never taken away")
	}
	for name, other := range map[string]*batchv1.Job{
		"tag":      with("1.0.1", "global", "image", "tag"),
		"digest":   with("sha256:"+strings.Repeat("0", 64), "global", "migrate", "image", "digest"),
		"registry": with("registry.example", "global", "image", "registry"),
		"secret":   with("others", "migrate", "secret", "name"),
		"memory":   with("512Mi", "migrate", "resources", "limits", "memory"),
	} {
		if other.Name == first.Name || cmp.Equal(other.Spec.Template, first.Spec.Template) {
			t.Errorf("another %s makes another Job of the same name %s", name, first.Name)
		}
	}
	kept := with(0, "migrate", "keep")
	if kept.Spec.TTLSecondsAfterFinished != nil {
		t.Errorf("the Job goes after %d s, and was to stay", *kept.Spec.TTLSecondsAfterFinished)
	}
}

// What waits for a schema is the program that brings it: another version would wait for another schema.
func TestServicesWaitWithTheImageThatMigrates(t *testing.T) {
	t.Parallel()
	objects := rendered(t, render.Release{ValuesFiles: []string{"slippers/ci/external.yaml"}})
	image := migration(t, objects).Spec.Template.Spec.Containers[0].Image
	if !strings.HasPrefix(image, "mirror/migrate@sha256:") {
		t.Errorf("the migration is %s, without the digest", image)
	}
	for _, service := range []string{"auth", "catalog", "order"} {
		if got := named[*appsv1.Deployment](t, objects, "slippers-"+service).Spec.Template.Spec.InitContainers[0].Image; got != image {
			t.Errorf("%s waits with %s, want %s", service, got, image)
		}
	}
}

func TestAChangedVariableRollsItsServiceOut(t *testing.T) {
	t.Parallel()
	before := rendered(t, render.Release{ValuesFiles: tryoutFile})
	after := rendered(t, render.Release{ValuesFiles: tryoutFile, Values: tree("9", "auth", "env", "BCRYPT_COST")})
	for service, changes := range map[string]bool{"auth": true, "order": false} {
		checksum := func(o check.Objects) string {
			return named[*appsv1.Deployment](t, o, "slippers-"+service).Spec.Template.Annotations["checksum/config"]
		}
		if (checksum(before) != checksum(after)) != changes {
			t.Errorf("%s rolls out: %v, want %v", service, !changes, changes)
		}
	}
	if got := named[*corev1.ConfigMap](t, after, "slippers-auth").Data["BCRYPT_COST"]; got != "9" {
		t.Errorf("BCRYPT_COST is %q", got)
	}
}

func TestReplicasFollowTheAutoscaler(t *testing.T) {
	t.Parallel()
	objects := rendered(t, render.Release{ValuesFiles: tryoutFile, Values: map[string]any{
		"auth":    tree(4, "autoscaling", "maxReplicas"),
		"gateway": map[string]any{"replicas": 5, "autoscaling": map[string]any{"enabled": false}},
	}})
	auth, gateway := named[*corev1.ConfigMap](t, objects, "slippers-auth").Data, named[*corev1.ConfigMap](t, objects, "slippers-gateway").Data
	if auth["AUTH_REPLICAS"] != "4" || gateway["GATEWAY_REPLICAS"] != "5" {
		t.Errorf("AUTH_REPLICAS is %q, GATEWAY_REPLICAS %q, want 4 and 5", auth["AUTH_REPLICAS"], gateway["GATEWAY_REPLICAS"])
	}
}

// A variable that no program reads is a setting that does nothing.
func TestEveryVariableIsReadByItsService(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|[^|]*\\| ([a-z, ]+) \\|").FindAllStringSubmatch(string(readme), -1) {
		read[row[1]] += " " + row[2]
	}
	reads := func(service, name string) bool {
		return strings.Contains(read[name], service) || strings.Contains(read[name], "all") || name == "GOMEMLIMIT" || name == "GOGC"
	}
	for _, file := range []string{"slippers/ci/tryout.yaml", "slippers/ci/existing.yaml"} {
		objects := rendered(t, render.Release{ValuesFiles: []string{file}})
		for _, service := range []string{"auth", "catalog", "order", "gateway"} {
			for name := range named[*corev1.ConfigMap](t, objects, "slippers-"+service).Data {
				if !reads(service, name) {
					t.Errorf("%s does not read %s", service, name)
				}
			}
			for _, v := range named[*appsv1.Deployment](t, objects, "slippers-"+service).Spec.Template.Spec.Containers[0].Env {
				if name, ok := strings.CutSuffix(v.Name, "_FILE"); !ok || !reads(service, name) {
					t.Errorf("%s does not read %s", service, v.Name)
				}
			}
		}
	}
}
