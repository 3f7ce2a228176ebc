package charts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/slippers-api/slippers/charts/check"
	"github.com/slippers-api/slippers/charts/render"
)

const overlays = "../k8s/overlays"

func TestEveryOverlay(t *testing.T) {
	t.Setenv(beHelm, "yes")
	dirs, err := os.ReadDir(overlays)
	if err != nil || len(dirs) != 3 {
		t.Fatalf("found %v, %v", dirs, err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		t.Run(dir.Name(), func(t *testing.T) {
			docs, err := render.Overlay(filepath.Join(overlays, dir.Name()), self)
			if err != nil {
				t.Fatal(err)
			}
			objects := judge(t, docs)
			namespace := "slippers-" + dir.Name()
			if got := named[*corev1.Namespace](t, objects, namespace).Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
				t.Errorf("the namespace admits %q", got)
			}
			for _, o := range objects {
				if m, ok := o.(metav1.Object); ok && m.GetNamespace() != namespace && m.GetName() != namespace && o.GetObjectKind().GroupVersionKind().Kind != "PriorityClass" {
					t.Errorf("%s is in namespace %q", m.GetName(), m.GetNamespace())
				}
			}
			golden(t, filepath.Join("testdata", dir.Name()+".yaml"), docs)
		})
	}
}

// An example that names what is not there misleads whoever copies it.
func TestGitOpsExamplesNameWhatIsThere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../k8s/gitops/argocd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var app struct {
		Spec struct {
			Source struct {
				Path string `json:"path"`
				Helm struct {
					ValueFiles []string `json:"valueFiles"`
					Parameters []struct {
						Name  string `json:"name"`
						Value string `json:"value"`
					} `json:"parameters"`
				} `json:"helm"`
			} `json:"source"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &app); err != nil {
		t.Fatal(err)
	}
	source := app.Spec.Source
	r := render.Release{Values: map[string]any{}}
	for _, file := range source.Helm.ValueFiles {
		r.ValuesFiles = append(r.ValuesFiles, filepath.Join("..", source.Path, file))
	}
	given := map[string]string{}
	for _, p := range source.Helm.Parameters {
		given[p.Name] = p.Value
		var value any
		if err := yaml.Unmarshal([]byte(p.Value), &value); err != nil {
			t.Fatal(err)
		}
		r.Values = loader.MergeMaps(r.Values, tree(value, strings.Split(p.Name, ".")...))
	}
	objects := rendered(t, r)
	image := named[*appsv1.Deployment](t, objects, "slippers-gateway").Spec.Template.Spec.Containers[0].Image
	if digest := given["gateway.image.digest"]; digest == "" || !strings.HasSuffix(image, "slippers/gateway@"+digest) {
		t.Errorf("the gateway's image is %s, without the digest", image)
	}
	if job := migration(t, objects); job.Spec.TTLSecondsAfterFinished != nil {
		t.Error("Argo CD would make the migration anew each time that it is gone")
	}
}

// The fields of what Flux and other operators read are theirs, and a digest that is set there reaches a Pod.
func TestTheFluxExampleIsWhatFluxReads(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../k8s/gitops/flux.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects, findings := check.Decode(strings.Split(string(text), "\n---\n"))
	if len(findings) > 0 {
		t.Fatal(check.Report(findings))
	}
	release, chart := named[*helmv2.HelmRelease](t, objects, "slippers"), named[*sourcev1.OCIRepository](t, objects, "slippers")
	if from := release.Spec.ChartRef; from.Kind != chart.Kind || from.Name != chart.Name || release.Namespace != chart.Namespace {
		t.Errorf("the chart comes from %+v, which is not there", from)
	}
	r := render.Release{ValuesFiles: []string{"slippers/ci/existing.yaml"}}
	if err := yaml.Unmarshal(release.Spec.Values.Raw, &r.Values); err != nil {
		t.Fatal(err)
	}
	digest := r.Values["gateway"].(map[string]any)["image"].(map[string]any)["digest"].(string)
	if image := named[*appsv1.Deployment](t, rendered(t, r), "slippers-gateway").Spec.Template.Spec.Containers[0].Image; !strings.HasSuffix(image, "@"+digest) {
		t.Errorf("the gateway's image is %s, without the digest", image)
	}
}
