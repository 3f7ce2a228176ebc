package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// accepted are kube-score's checks that we do not follow. A tag is a version here and a digest is exact, so to pull at every
// start would only make the registry a part of every start.
const accepted = "container-image-pull-policy"

// scored is what kube-score writes about one object.
type scored struct {
	TypeMeta struct {
		Kind string `json:"kind"`
	} `json:"type_meta"`
	ObjectMeta struct {
		Name string `json:"name"`
	} `json:"object_meta"`
	Checks []struct {
		Check struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"check"`
		Grade    int  `json:"grade"`
		Skipped  bool `json:"skipped"`
		Comments []struct {
			Path    string `json:"path"`
			Summary string `json:"summary"`
		} `json:"comments"`
	} `json:"checks"`
}

const warning = 5 // and what is below it is worse

// Tool returns the path of kube-score as the module of tools in the folder pins it. It is a program and not a package
// here because it is built with kinds that Kubernetes has dropped since.
func Tool(ctx context.Context, tools string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "-C", tools, "tool", "-n", "kube-score") //nolint:gosec // our own folder
	cmd.Env = append(os.Environ(), "GOWORK=off")
	cmd.Stderr = os.Stderr
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("building kube-score: %w", err)
	}
	return strings.TrimSpace(string(path)), nil
}

// Score asks kube-score about documents, for Kubernetes of the version (as v1.34).
func Score(ctx context.Context, tool, version string, docs []string) ([]Finding, error) {
	cmd := exec.CommandContext(ctx, tool, "score", "--kubernetes-version", version, "--ignore-test", accepted, //nolint:gosec // our own tool
		"--enable-optional-test", "container-seccomp-profile", "--output-format", "json", "-")
	cmd.Stdin = strings.NewReader(strings.Join(docs, "\n---\n"))
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	text, err := cmd.Output()
	if _, judged := errors.AsType[*exec.ExitError](err); err != nil && !judged {
		return nil, fmt.Errorf("asking kube-score: %w", err)
	}
	var all []scored
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("reading what kube-score says (%s): %w", &complaints, err)
	}
	var findings []Finding
	for _, object := range all {
		for _, c := range object.Checks {
			if c.Skipped || c.Grade > warning {
				continue
			}
			says := []string{c.Check.Name}
			for _, comment := range c.Comments {
				says = append(says, comment.Path+" "+comment.Summary)
			}
			findings = append(findings, Finding{"kube-score/" + c.Check.ID, object.TypeMeta.Kind + "/" + object.ObjectMeta.Name, strings.Join(says, "; ")})
		}
	}
	return findings, nil
}
