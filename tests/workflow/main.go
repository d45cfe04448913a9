// Command workflow checks a workflow file of GitHub Actions as actionlint does: its syntax, its expressions, what its
// jobs need of each other, and the inputs of well-known actions. What it finds goes to standard output.
package main

import (
	"fmt"
	"os"

	"github.com/rhysd/actionlint"
)

func main() {
	linter, err := actionlint.NewLinter(os.Stdout, &actionlint.LinterOptions{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	found, err := linter.LintFiles(os.Args[1:], nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}
