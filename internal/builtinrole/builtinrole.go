// Package builtinrole names the built-in directory roles of Microsoft Entra.
// Source: https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
package builtinrole

import (
	_ "embed"
	"iter"
	"strings"
)

//go:embed builtinroles.csv
var table string

// All yields the template id and the display name of every role.
func All() iter.Seq2[string, string] {
	return func(yield func(id, name string) bool) {
		for line := range strings.Lines(table) {
			id, name, ok := strings.Cut(strings.TrimSpace(line), ",")
			if ok && !strings.HasPrefix(id, "#") && !yield(id, name) {
				return
			}
		}
	}
}

// Name returns the display name of a role by its template id, "" where there is
// no such built-in role.
func Name(templateID string) string {
	for id, name := range All() {
		if strings.EqualFold(id, templateID) {
			return name
		}
	}
	return ""
}
