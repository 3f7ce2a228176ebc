package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// save writes the archive of an image into dir, and the list of its parts beside it.
func (i image) save(dir string) error {
	tag, err := name.NewTag(i.name())
	if err != nil {
		return err
	}
	path := filepath.Join(dir, i.program.name+"-"+i.arch)
	if err := tarball.WriteToFile(path+".tar", tag, i.Image); err != nil {
		return fmt.Errorf("writing %s.tar: %w", path, err)
	}
	if err := os.WriteFile(path+".cdx.json", i.bom, 0o644); err != nil { //nolint:gosec // for everybody
		return fmt.Errorf("writing %s.cdx.json: %w", path, err)
	}
	return nil
}

// push puts a program's images for all architectures under one name, and returns it with its digest.
func push(ctx context.Context, registry string, images []image) (string, error) {
	tag, err := name.NewTag(registry + "/" + images[0].name())
	if err != nil {
		return "", err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, i := range images {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: i.Image, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: "linux", Architecture: i.arch},
		}})
	}
	if err := remote.WriteIndex(tag, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return "", fmt.Errorf("pushing %s: %w", tag, err)
	}
	digest, err := index.Digest()
	if err != nil {
		return "", err
	}
	return tag.Context().Digest(digest.String()).String(), nil
}
