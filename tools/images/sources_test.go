package main

import (
	"io/fs"
	"slices"
)

// sources is the repository without what builds and runs leave in it.
type sources struct{ fs.FS }

// ReadDir implements fs.ReadDirFS.
func (s sources) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return name == "." && slices.Contains([]string{".git", ".dev", ".cache", "bin", "k8s"}, e.Name())
	}), err
}

// ReadLink implements fs.ReadLinkFS.
func (s sources) ReadLink(name string) (string, error) { return fs.ReadLink(s.FS, name) }

// Lstat implements fs.ReadLinkFS.
func (s sources) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(s.FS, name) }
