// Package render turns charts and overlays into the objects that Kubernetes would get, without a cluster.
package render

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// Release is one installation or upgrade.
type Release struct {
	// ValuesFiles are read in turn, the later over the earlier, and Values come over all.
	ValuesFiles []string
	Values      map[string]any

	// Upgrade says that the release is there already, with Secrets.
	Upgrade bool
	Secrets []corev1.Secret

	// Operators says that the CRDs of Prometheus' operator are installed.
	Operators bool
}

// The name and namespace of everything rendered here.
const (
	Name      = "slippers"
	Namespace = "shop"
)

// KubeVersion is the version that is rendered for and judged by.
const KubeVersion = "v1.34.0"

// Chart renders the chart in dir: every object, hooks too, each as a YAML document.
func Chart(dir string, r Release) ([]string, error) {
	chart, err := loader.LoadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading chart %s: %w", dir, err)
	}
	values := map[string]any{}
	for _, file := range r.ValuesFiles {
		text, err := os.ReadFile(file) //nolint:gosec // the caller's
		if err != nil {
			return nil, err
		}
		var more map[string]any
		if err := yaml.Unmarshal(text, &more); err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		values = loader.MergeMaps(values, more)
	}
	values = loader.MergeMaps(values, r.Values)
	if err := chartutil.ProcessDependencies(chart, values); err != nil {
		return nil, fmt.Errorf("reading the dependencies of %s: %w", dir, err)
	}
	caps := common.DefaultCapabilities.Copy()
	version, err := common.ParseKubeVersion(KubeVersion)
	if err != nil {
		return nil, err
	}
	caps.KubeVersion = *version
	if r.Operators {
		caps.APIVersions = append(slices.Clone(caps.APIVersions), "monitoring.coreos.com/v1/PodMonitor", "monitoring.coreos.com/v1/PrometheusRule")
	}
	release := common.ReleaseOptions{Name: Name, Namespace: Namespace, Revision: 1, IsInstall: !r.Upgrade, IsUpgrade: r.Upgrade}
	top, err := util.ToRenderValues(chart, values, release, caps)
	if err != nil {
		return nil, fmt.Errorf("taking values for %s: %w", dir, err)
	}
	files, err := engine.RenderWithClientProvider(chart, top, cluster(r.Secrets))
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w", dir, err)
	}
	var docs []string
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(file, ".yaml") {
			docs = append(docs, Split(files[file])...)
		}
	}
	return docs, nil
}

// Split cuts a stream of YAML into its documents, without those that hold nothing.
func Split(stream string) (docs []string) {
	for doc := range strings.SplitSeq("\n"+stream, "\n---") {
		var content map[string]any
		if err := yaml.Unmarshal([]byte(doc), &content); err == nil && len(content) == 0 {
			continue
		}
		docs = append(docs, strings.TrimSpace(doc)+"\n") // what is no YAML is for the check to complain about
	}
	return docs
}
