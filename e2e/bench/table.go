package bench

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// table is one of the document.
type table struct {
	title string
	notes []string // what comes before it
	head  []string
	rows  [][]string
}

// add adds a row. Cells that it does not have are empty.
func (t *table) add(cells ...string) {
	row := make([]string, len(t.head))
	copy(row, cells)
	t.rows = append(t.rows, row)
}

// String is the table in Markdown, in columns that can also be read as they are.
func (t table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", t.title)
	for _, note := range t.notes {
		fmt.Fprintf(&b, "%s\n\n", note)
	}
	widths := make([]int, len(t.head))
	lines := append([][]string{t.head}, t.rows...)
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(escaped(cell)), 3)
		}
	}
	for n, line := range lines {
		for i, cell := range line {
			cell = escaped(cell)
			fmt.Fprintf(&b, "| %s%s ", cell, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		b.WriteString("|\n")
		if n == 0 {
			for _, w := range widths {
				b.WriteString("|" + strings.Repeat("-", w+2))
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}

// escaped is a cell on one line that does not end early.
func escaped(cell string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(cell)
}
