// Package prometheus evaluates the alert rules with Prometheus' own engine: when each fires, and when it does not.
//
// Each script beside is one of promqltest's, in which $Name stands for the expression of the rule of that name.
package prometheus

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
)

const rules = "../../deploy/prometheus/rules/*.yml"

func expressions(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	files, err := filepath.Glob(rules)
	if err != nil || len(files) == 0 {
		t.Fatal("no rules", err)
	}
	for _, file := range files {
		groups, errs := rulefmt.ParseFile(file, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.Default())
		if len(errs) > 0 {
			t.Fatal(file, errs)
		}
		for _, group := range groups.Groups {
			for _, rule := range group.Rules {
				if rule.Alert != "" {
					found[rule.Alert] = rule.Expr
				} else {
					found[rule.Record] = rule.Expr
				}
			}
		}
	}
	return found
}

// TestRules runs every script, and sees that every alert has one.
func TestRules(t *testing.T) {
	known := expressions(t)
	tried := map[string]bool{}
	scripts, _ := filepath.Glob("*.promql")
	names := regexp.MustCompile(`\$([A-Za-z0-9_:]+)`)
	for _, script := range scripts {
		t.Run(script, func(t *testing.T) {
			text, err := os.ReadFile(script)
			if err != nil {
				t.Fatal(err)
			}
			filled := names.ReplaceAllStringFunc(string(text), func(found string) string {
				name := found[1:]
				if _, ok := known[name]; !ok {
					t.Fatalf("there is no rule %s", name)
				}
				tried[name] = true
				return regexp.MustCompile(`\s+`).ReplaceAllString(known[name], " ")
			})
			promqltest.RunTest(t, filled, promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery))
		})
	}
	for name := range known {
		if !tried[name] {
			t.Errorf("no script tries %s", name)
		}
	}
}
