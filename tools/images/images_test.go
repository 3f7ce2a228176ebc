package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const mostBytes = 25_000_000

// built returns all images of a version for an architecture, out of the repository.
func built(t *testing.T, root, arch string) []image {
	t.Helper()
	s := source{root: root, version: "v1.2.3", created: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	images, err := s.images(t.Context(), arch)
	if err != nil {
		t.Fatal(err)
	}
	return images
}

func here(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestImagesAreSmallAndRunAsNobody(t *testing.T) {
	for _, i := range built(t, here(t), "amd64") {
		cfg, err := i.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if i.size > mostBytes {
			t.Errorf("%s takes %d bytes unpacked, want %d at most", i.name(), i.size, mostBytes)
		}
		if cfg.Config.User != "65532:65532" || !slices.Equal(cfg.Config.Entrypoint, []string{"/" + i.program.name}) || cfg.Architecture != "amd64" {
			t.Errorf("%s runs %v as %s on %s", i.name(), cfg.Config.Entrypoint, cfg.Config.User, cfg.Architecture)
		}
		for _, label := range []string{"title", "description", "version", "revision", "created", "source", "licenses"} {
			if _, ok := cfg.Config.Labels["org.opencontainers.image."+label]; !ok {
				t.Errorf("%s has no label %s", i.name(), label)
			}
		}
		checkContent(t, i)
	}
}

// checkContent fails the test unless an image holds its program, which is static, certificates and the list of its parts.
func checkContent(t *testing.T, i image) {
	t.Helper()
	content := map[string][]byte{}
	layers := mutate.Extract(i)
	defer layers.Close()
	for r := tar.NewReader(layers); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if content[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	program := content[i.program.name]
	if !bytes.HasPrefix(program, []byte("\x7fELF")) || bytes.Contains(program, []byte("ld-linux")) {
		t.Errorf("%s holds no static program", i.name())
	}
	if !bytes.Contains(program, []byte("v1.2.3")) {
		t.Errorf("%s does not know its version", i.name())
	}
	if !bytes.Contains(program, []byte("Asia/Tashkent")) {
		t.Errorf("%s knows no time zones", i.name())
	}
	if pool := x509.NewCertPool(); !pool.AppendCertsFromPEM(content[rootsFile]) || bytes.Count(content[rootsFile], []byte("BEGIN")) < 100 {
		t.Errorf("%s trusts %d authorities", i.name(), bytes.Count(content[rootsFile], []byte("BEGIN")))
	}
	var bom struct {
		Components []struct {
			Name string `json:"name"`
		} `json:"components"`
	}
	if err := json.Unmarshal(content[bomFile], &bom); err != nil || len(bom.Components) < 3 { // Go itself, kit and something else
		t.Errorf("%s lists %d parts, %v", i.name(), len(bom.Components), err)
	}
}

// The second build is of a copy elsewhere, so that no path is in the images.
func TestTwoBuildsAreTheSame(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "somewhere else")
	if err := os.CopyFS(copied, sources{os.DirFS(here(t))}); err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		first, second := built(t, here(t), arch), built(t, copied, arch)
		for n := range first {
			one, err := first[n].Digest()
			if err != nil {
				t.Fatal(err)
			}
			other, err := second[n].Digest()
			if err != nil {
				t.Fatal(err)
			}
			if one != other {
				t.Errorf("%s for %s is %s, and %s the second time", first[n].name(), arch, one, other)
			}
		}
	}
}

func TestArchivesAreLoaded(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-version", "v1.2.3", "-arch", "amd64", here(t), dir}, &out); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		path := filepath.Join(dir, p.name+"-amd64.tar")
		tag, err := name.NewTag("slippers/" + p.name + ":v1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tarball.ImageFromPath(path, &tag); err != nil {
			t.Errorf("reading %s: %v", path, err)
		}
		if _, err := os.Stat(filepath.Join(dir, p.name+"-amd64.cdx.json")); err != nil {
			t.Error(err)
		}
		dockerLoads(t, path, tag.String())
	}
}

// dockerLoads fails the test unless Docker loads and knows the image, and runs what is in it. Without Docker it says so.
func dockerLoads(t *testing.T, path, image string) {
	t.Helper()
	docker := func(args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
		return string(out), err
	}
	if _, err := docker("info"); err != nil {
		t.Log("NOT CHECKED with Docker, which does not answer")
		return
	}
	if out, err := docker("load", "--input", path); err != nil || !strings.Contains(out, image) {
		t.Errorf("loading %s: %v\n%s", path, err, out)
	}
	out, err := docker("image", "inspect", "--format", "{{.Config.User}} {{.Size}}", image)
	if err != nil || !strings.HasPrefix(out, "65532:65532 ") {
		t.Errorf("Docker knows %s as %s, %v", image, out, err)
	}
	// Nothing is configured, so each program says what it lacks: it has been run.
	out, err = docker("run", "--rm", "--read-only", "--network", "none", image)
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != 1 || out == "" {
		t.Errorf("running %s: %v\n%s", image, err, out)
	}
	if out, err := docker("image", "rm", image); err != nil {
		t.Errorf("removing %s: %v\n%s", image, err, out)
	}
}

func TestPushedUnderOneNameForAllArchitectures(t *testing.T) {
	server := httptest.NewServer(registry.New())
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-version", "v1.2.3", "-push", host, here(t), t.TempDir()}, &out); err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(host + "/slippers/gateway:v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if want := host + "/slippers/gateway@" + digest.String(); !strings.Contains(out.String(), want) {
		t.Errorf("it says %s, want %s in it", out.String(), want)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var architectures []string
	for _, m := range manifest.Manifests {
		architectures = append(architectures, m.Platform.Architecture)
	}
	if !slices.Equal(architectures, []string{"amd64", "arm64"}) {
		t.Errorf("it is for %v", architectures)
	}
}
