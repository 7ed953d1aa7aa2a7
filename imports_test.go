package entramfa_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/entramfa/entramfa"

// mayImport is the house as data: which packages of the module a package may
// import, besides itself and internal ones. A package imports what stands below
// it, never beside or above.
var mayImport = map[string][]string{
	"":                              {},
	"internal/openjson":             {},
	"internal/guid":                 {},
	"internal/builtinrole":          {},
	"internal/unread":               {""},
	"internal/settle":               {""},
	"policy":                        {""},
	"securitydefaults":              {""},
	"policy/internal/devicefilter":  {},
	"policy/internal/cells":         {},
	"graphfake/internal/persistent": {},
	"graphfake/tenants":             {"policy", "securitydefaults", "mfa", "graphfake"},
	"mfa":                           {"", "policy", "securitydefaults"},
	"graphfake":                     {"", "policy", "securitydefaults", "mfa"},
	"msgraph":                       {"", "policy", "securitydefaults", "mfa"},
	"internal/conformance":          {"", "policy", "securitydefaults", "mfa", "graphfake"},
	"msgraph/sdktest":               {"", "policy", "securitydefaults", "mfa", "graphfake", "msgraph"},
	"examples/internal/layout":      {},
	"examples/internal/open":        {"examples/internal/layout", "", "policy", "mfa", "graphfake", "msgraph"},
	"examples/internal/opentest":    {"examples/internal/open", "", "graphfake"},
	"examples/check":                {"examples/internal/layout", "examples/internal/open", "", "policy", "securitydefaults", "mfa", "graphfake", "msgraph"},
	"examples/whatif":               {"examples/internal/layout", "examples/internal/open", "", "policy", "securitydefaults", "mfa", "graphfake", "msgraph"},
	"examples/sweep":                {"examples/internal/layout", "examples/internal/open", "", "policy", "securitydefaults", "mfa", "graphfake", "msgraph"},
	"examples/exempt":               {"examples/internal/layout", "examples/internal/open", "", "policy", "securitydefaults", "mfa", "graphfake", "msgraph"},
	"examples/admins":               {"examples/internal/layout", "examples/internal/open", "", "policy", "securitydefaults", "mfa", "graphfake", "msgraph"},
	"examples/enrol":                {"examples/internal/layout", "examples/internal/open", "", "policy", "mfa", "graphfake", "msgraph"},
	"examples/fakegraph":            {"examples/internal/layout", "examples/internal/open", "", "policy", "securitydefaults", "mfa", "graphfake"},
	"examples/sdk":                  {"", "policy", "securitydefaults", "mfa", "graphfake", "msgraph"},
}

// forbidden lists what a package must not bring along, with the reason.
var forbidden = []struct{ packages, imports, reason string }{
	{"root policy securitydefaults mfa graphfake", "third party", "who judges or tests must not pay for a client"},
	{"root policy securitydefaults mfa graphfake msgraph", "testing", "a library is no test"},
	{"msgraph examples/check examples/whatif examples/sweep examples/exempt examples/admins examples/enrol examples/fakegraph", "github.com/microsoftgraph/msgraph-sdk-go", "compiling its models takes minutes and gigabytes"},
	{"msgraph examples/check examples/whatif examples/sweep examples/exempt examples/admins examples/enrol examples/fakegraph", "github.com/microsoftgraph/msgraph-sdk-go/models", "compiling them takes minutes and gigabytes"},
	{"msgraph", "github.com/Azure/azure-sdk-for-go/sdk/azidentity", "which credential it is, is the caller's choice"},
	{"msgraph", "github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential", "MSAL is there for the password grant of a public client; other credentials are the caller's choice"},
}

func TestImportTable(t *testing.T) {
	for name, imports := range imports(t) {
		allowed, listed := mayImport[name]
		if !assert.True(t, listed, "package %q stands in no row of the table", name) {
			continue
		}
		for _, path := range imports {
			inner, ours := strings.CutPrefix(path+"/", module+"/")
			inner = strings.TrimSuffix(inner, "/")
			if ours && !strings.HasPrefix(inner, "internal/") && !strings.HasPrefix(inner, name+"/internal/") {
				assert.Contains(t, allowed, inner, "%s imports %s", name, inner)
			}
		}
	}
}

func TestForbiddenImports(t *testing.T) {
	for _, rule := range forbidden {
		for name := range strings.FieldsSeq(rule.packages) {
			for _, dep := range deps(t, name) {
				if rule.imports == "third party" {
					assert.False(t, strings.Contains(strings.Split(dep, "/")[0], ".") && dep != module && !strings.HasPrefix(dep, module+"/"),
						"%s brings %s: %s", name, dep, rule.reason)
				} else {
					assert.NotEqual(t, rule.imports, dep, "%s: %s", name, rule.reason)
				}
			}
		}
	}
}

// imports lists what each package of the module imports itself.
func imports(t *testing.T) map[string][]string {
	lines := golist(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	result := map[string][]string{}
	for _, line := range lines {
		fields := strings.Fields(line)
		result[strings.TrimPrefix(strings.TrimPrefix(fields[0], module), "/")] = fields[1:]
	}
	require.GreaterOrEqual(t, len(result), len(mayImport)-1)
	return result
}

// deps lists everything that a package brings along.
func deps(t *testing.T, name string) []string {
	if name == "root" {
		name = ""
	}
	list := golist(t, "-deps", "./"+name)
	require.True(t, slices.Contains(list, strings.TrimSuffix(module+"/"+name, "/")))
	return list
}

func golist(t *testing.T, args ...string) []string {
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...).Output()
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
