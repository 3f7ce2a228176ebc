//go:build !linux

package stack

import "syscall"

// passThrough does nothing: only Linux has capabilities.
func passThrough(*syscall.SysProcAttr) {}
