// Images builds the container images of every program, without Docker and the same to the bit each time.
//
//	images [-version V] [-arch amd64,arm64] [-push REGISTRY] [-overlay FILE] ROOT OUT
//
// ROOT is the repository. OUT gets an archive for each program and architecture, which `docker load` and
// `ctr images import` take, and beside it the list of what is in the program (CycloneDX). With -push the images of all
// architectures also go to a registry, under one name for each program.
//
// It does not go through Docker, because what Docker builds depends on its version and on the hour.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	s := source{}
	flags := flag.NewFlagSet("images", flag.ContinueOnError)
	flags.StringVar(&s.version, "version", "dev", "what the programs say that they are, and the tag")
	flags.StringVar(&s.overlay, "overlay", "", "files that stand in for others, as `go build -overlay` takes them")
	architectures := flags.String("arch", "amd64,arm64", "architectures, with commas between")
	registry := flags.String("push", "", "the registry to push to, too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return fmt.Errorf("usage: images [flags] ROOT OUT")
	}
	var err error
	if s.root, err = filepath.Abs(flags.Arg(0)); err != nil {
		return fmt.Errorf("finding the repository: %w", err)
	}
	dir := flags.Arg(1)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // others may load the images
		return fmt.Errorf("making the folder of images: %w", err)
	}
	s.revision, s.created = s.commit(ctx)

	built := map[string][]image{}
	for arch := range strings.SplitSeq(*architectures, ",") {
		images, err := s.images(ctx, arch)
		if err != nil {
			return err
		}
		for _, i := range images {
			if err := i.save(dir); err != nil {
				return err
			}
			fmt.Fprintf(out, "%-32s %-6s %5.1f MB to pull, %5.1f MB unpacked\n", i.name(), i.arch, float64(i.packed)/1e6, float64(i.size)/1e6)
			built[i.program.name] = append(built[i.program.name], i)
		}
	}
	if *registry == "" {
		return nil
	}
	for _, p := range programs {
		digest, err := push(ctx, *registry, built[p.name])
		if err != nil {
			return err
		}
		fmt.Fprintln(out, digest)
	}
	return nil
}
