//go:build cluster

package cluster_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
)

const (
	chart   = "../../charts/slippers"
	release = "slippers"
)

// settings say which cluster, and what is installed there.
type settings struct {
	// Kubeconfig names the cluster. kubectl and helm read it too.
	Kubeconfig string `env:"KUBECONFIG,required,notEmpty"`

	// Namespace is made at the start and deleted at the end.
	Namespace string `env:"E2E_NAMESPACE" envDefault:"slippers-e2e"`

	// Registry stands before the images' names. Empty for images that are loaded into the nodes.
	Registry string `env:"E2E_IMAGE_REGISTRY"`

	// Tag is the version that is installed first, and NextTag the one after it, which has one migration more.
	Tag     string `env:"E2E_IMAGE_TAG,required,notEmpty"`
	NextTag string `env:"E2E_IMAGE_NEXT_TAG,required,notEmpty"`

	// PostgresImage and RedisImage are those of the databases that come along.
	PostgresImage string `env:"E2E_POSTGRES_IMAGE" envDefault:"postgres:17"`
	RedisImage    string `env:"E2E_REDIS_IMAGE" envDefault:"redis:7"`

	// CloudNativePGImage is that of the operator's PostgreSQL, and CloudNativePGUser the number of its user. Empty is the operator's own.
	CloudNativePGImage string `env:"E2E_CLOUDNATIVEPG_IMAGE"`
	CloudNativePGUser  int    `env:"E2E_CLOUDNATIVEPG_USER" envDefault:"26"`

	// ChartRegistry is where Flux gets the chart from: host:port, without TLS.
	ChartRegistry string `env:"E2E_CHART_REGISTRY"`

	// Prometheus is the address of one whose operator reads the monitors and rules of all namespaces.
	Prometheus string `env:"E2E_PROMETHEUS"`

	// Keep leaves everything installed, for looking at it.
	Keep bool `env:"E2E_KEEP"`
}

var the settings

func TestMain(m *testing.M) {
	var err error
	if the, err = env.ParseAs[settings](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "preparing the namespace:", err)
		os.Exit(1)
	}
	status := m.Run()
	if !the.Keep {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		_, err := command(ctx, "", "kubectl", "delete", "namespace", the.Namespace)
		cancel()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// prepare begins with an empty namespace, in which only Pods may run that need no privilege.
func prepare() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	const namespace = `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q,"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`
	if _, err := command(ctx, "", "kubectl", "delete", "namespace", the.Namespace, "--ignore-not-found"); err != nil {
		return err
	}
	_, err := command(ctx, fmt.Sprintf(namespace, the.Namespace), "kubectl", "create", "-f", "-")
	return err
}

// command runs a program and returns what it prints.
func command(ctx context.Context, in, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, out.String(), complaint.String())
	}
	return out.String(), nil
}

func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := command(t.Context(), "", "kubectl", append([]string{"--namespace", the.Namespace}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// object reads what kubectl prints as JSON.
func object[T any](t *testing.T, args ...string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(kubectl(t, append(args, "--output", "json")...)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// upgrade installs the release, or changes it, and waits until it is ready. values are helm's: name=value, or a file of them.
func upgrade(t *testing.T, tag string, values ...string) {
	t.Helper()
	if err := tryUpgrade(t, tag, 5*time.Minute, values...); err != nil {
		t.Fatalf("%v\n%s", err, situation(t))
	}
}

func tryUpgrade(t *testing.T, tag string, patience time.Duration, values ...string) error {
	t.Helper()
	args := []string{
		"upgrade", "--install", release, chart, "--namespace", the.Namespace, "--values", "values.yaml", "--wait", "--timeout", patience.String(),
		"--set", "global.image.registry=" + the.Registry, "--set-string", "global.image.tag=" + tag,
		"--set", "tryout.postgresql.image=" + the.PostgresImage, "--set", "redis.image=" + the.RedisImage,
	}
	for _, v := range values {
		how := "--set"
		if strings.HasSuffix(v, ".yaml") {
			how = "--values"
		}
		args = append(args, how, v)
	}
	_, err := command(t.Context(), "", "helm", args...)
	return err
}

// situation is what an operator would look at first.
func situation(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	defer cancel()
	var all []string
	for _, args := range [][]string{
		{"get", "pods,jobs", "--output", "wide"},
		{"get", "events", "--field-selector", "type=Warning", "--sort-by", "lastTimestamp"},
		{"logs", "--selector", "app.kubernetes.io/instance=" + release, "--prefix", "--tail", "3", "--all-containers", "--max-log-requests", "50"},
	} {
		out, err := command(ctx, "", "kubectl", append([]string{"--namespace", the.Namespace}, args...)...)
		if err != nil {
			out = err.Error()
		}
		lines := strings.SplitAfter(out, "\n")
		all = append(all, strings.Join(lines[max(0, len(lines)-40):], ""))
	}
	return strings.Join(all, "\n")
}

// complaints are what the Pods that are there have logged of failures since then.
func complaints(t *testing.T, since time.Time) string {
	t.Helper()
	out, err := command(context.WithoutCancel(t.Context()), "", "kubectl", "--namespace", the.Namespace, "logs", "--selector", "app.kubernetes.io/instance="+release,
		"--prefix", "--tail", "-1", "--all-containers", "--max-log-requests", "50", "--since-time", since.UTC().Format(time.RFC3339))
	if err != nil {
		return err.Error()
	}
	var found []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, `"err":`) {
			found = append(found, line)
		}
	}
	return strings.Join(found[:min(len(found), 40)], "")
}

// eventually waits for what the cluster brings about.
func eventually(t *testing.T, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Second / 4)
	defer tick.Stop()
	late := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("it did not come to this: %s\n%s", what, situation(t))
		}
	}
}
