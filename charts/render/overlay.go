package render

import (
	"fmt"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Overlay renders the kustomization in dir. helm is the program that it renders charts with.
func Overlay(dir, helm string) ([]string, error) {
	options := krusty.MakeDefaultOptions()
	options.LoadRestrictions = types.LoadRestrictionsNone // the charts lie beside
	options.PluginConfig = types.EnabledPluginConfig(types.BploUseStaticallyLinked)
	options.PluginConfig.HelmConfig = types.HelmConfig{Enabled: true, Command: helm}
	all, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, fmt.Errorf("rendering %s: %w", dir, err)
	}
	text, err := all.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", dir, err)
	}
	return Split(string(text)), nil
}
