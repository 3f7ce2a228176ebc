package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	user       = "65532:65532" // nobody's: neither root nor of the machine
	rootsFile  = "etc/ssl/certs/ca-certificates.crt"
	bomFile    = "sbom.cdx.json" // where scanners look for it
	repository = "https://github.com/slippers-api/slippers"
)

// image is a program for one architecture.
type image struct {
	v1.Image
	program program
	arch    string
	version string
	bom     []byte
	packed  int64 // bytes to pull
	size    int64 // bytes unpacked
}

func (i image) name() string { return "slippers/" + i.program.name + ":" + i.version }

// file is one of an image.
type file struct {
	name    string
	mode    int64
	content []byte
}

// images builds all images for an architecture.
func (s source) images(ctx context.Context, arch string) ([]image, error) {
	dir, err := os.MkdirTemp("", "slippers-images-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the programs: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := s.build(ctx, arch, dir); err != nil {
		return nil, err
	}
	images := make([]image, 0, len(programs))
	for _, p := range programs {
		i, err := s.image(p, arch, filepath.Join(dir, p.name))
		if err != nil {
			return nil, fmt.Errorf("packing %s for %s: %w", p.name, arch, err)
		}
		images = append(images, i)
	}
	return images, nil
}

// image packs a program: the certificates in a layer that all share, then the program and the list of its parts.
func (s source) image(p program, arch, path string) (image, error) {
	binary, err := os.ReadFile(path) //nolint:gosec // it was just built
	if err != nil {
		return image{}, err
	}
	bom, err := bill(path, s.version)
	if err != nil {
		return image{}, err
	}
	files := [][]file{
		{{"etc/ssl/certs/", 0o755, nil}, {rootsFile, 0o644, roots()}, {"tmp/", 0o1777, nil}},
		{{p.name, 0o755, binary}, {bomFile, 0o644, bom}},
	}
	made := image{program: p, arch: arch, version: s.version, bom: bom}
	layers := make([]mutate.Addendum, len(files))
	for n, some := range files {
		if layers[n].Layer, err = layer(some, s.created); err != nil {
			return image{}, err
		}
		layers[n].History = v1.History{Created: v1.Time{Time: s.created}, CreatedBy: "tools/images"}
		for _, f := range some {
			made.size += int64(len(f.content))
		}
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	with, err := mutate.Append(base, layers...)
	if err != nil {
		return image{}, err
	}
	if made.Image, err = s.configure(with, p, arch); err != nil {
		return image{}, err
	}
	manifest, err := made.Manifest()
	if err != nil {
		return image{}, err
	}
	for _, l := range manifest.Layers {
		made.packed += l.Size
	}
	return made, nil
}

func (s source) configure(with v1.Image, p program, arch string) (v1.Image, error) {
	cfg, err := with.ConfigFile()
	if err != nil {
		return nil, err
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture, cfg.Created = "linux", arch, v1.Time{Time: s.created}
	cfg.Config = v1.Config{
		User: user, WorkingDir: "/", Entrypoint: []string{"/" + p.name}, ExposedPorts: map[string]struct{}{},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "Slippers " + p.name,
			"org.opencontainers.image.description": p.title,
			"org.opencontainers.image.version":     s.version,
			"org.opencontainers.image.revision":    s.revision,
			"org.opencontainers.image.created":     s.created.Format(time.RFC3339),
			"org.opencontainers.image.source":      repository,
			"org.opencontainers.image.licenses":    "Apache-2.0",
		},
	}
	for _, port := range p.ports {
		cfg.Config.ExposedPorts[port] = struct{}{}
	}
	return mutate.ConfigFile(with, cfg)
}

// layer packs files. All that could differ from one build to the next is left out or fixed.
func layer(files []file, created time.Time) (v1.Layer, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		kind := byte(tar.TypeReg)
		if f.content == nil {
			kind = tar.TypeDir
		}
		h := tar.Header{Name: f.name, Typeflag: kind, Mode: f.mode, Size: int64(len(f.content)), ModTime: created, Format: tar.FormatPAX}
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(gzip.DefaultCompression), tarball.WithCompressedCaching)
}
