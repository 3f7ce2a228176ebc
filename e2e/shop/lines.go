package shop

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// lines puts the lines of many writers into one, whole.
type lines struct {
	mu  sync.Mutex
	out io.Writer
}

// of returns a writer of lines that begin with name.
func (l *lines) of(name string) io.Writer {
	return &named{to: l, prefix: fmt.Sprintf("%-11s | ", name)}
}

type named struct {
	to     *lines
	prefix string
	rest   []byte
}

// Write implements io.Writer. What has no end of line yet waits for it.
func (n *named) Write(b []byte) (int, error) {
	n.rest = append(n.rest, b...)
	end := bytes.LastIndexByte(n.rest, '\n') + 1
	if end == 0 {
		return len(b), nil
	}
	var out bytes.Buffer
	for line := range bytes.Lines(n.rest[:end]) {
		out.WriteString(n.prefix)
		out.Write(line)
	}
	n.rest = append(n.rest[:0], n.rest[end:]...)
	n.to.mu.Lock()
	defer n.to.mu.Unlock()
	_, err := n.to.out.Write(out.Bytes())
	return len(b), err
}
