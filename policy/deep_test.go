package policy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/policy"
)

// nest stands a text n deep within others.
func nest(open, inner, closing string, n int) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(closing, n)
}

// A rule that is nested too deep or too long to be sensible is told as Unknown,
// naming the filter, in a text that stays short enough to be read.
func TestDeepFiltersAreUnknown(t *testing.T) {
	const leaf = `device.model -eq "a"`
	long := `device.model -eq "` + strings.Repeat("ä", 1_000_000) + `"`
	unnamed := strings.Replace(long, "model", "colour", 1)
	for _, c := range []struct{ condition, rule, want, text string }{
		{"devices", nest("(", leaf, ")", 10_000), "unknown unknown", "what the device filter (((("},
		{"devices", nest("(", leaf, ")", 1_000_000), "unknown unknown", "at most 256 brackets"},
		{"devices", nest("-not ", leaf, "", 1_000_000), "unknown unknown", "at most 256 brackets"},
		{"devices", "device.model -in " + nest("[", "", "]", 1_000_000), "unknown unknown", "a text in quotes"},
		{"devices", unnamed, "unknown unknown", `passes the device filter device.colour -eq "ä`},
		{"devices", long, "clear never", `by the filter (include: device.model -eq "ä`},
		{"applications", nest("(", leaf, ")", 1_000_000), "unknown unknown", "that pass a filter (include: (((("},
		{"applications", long, "unknown unknown", "that pass a filter (include: device.model"},
	} {
		filter := string(encode(t, map[string]string{"mode": "include", "rule": c.rule}))
		change := `"devices": {"deviceFilter": ` + filter + `}`
		if c.condition == "applications" {
			change = `"applications": {"includeApplications": [], "applicationFilter": ` + filter + `}`
		}
		start := time.Now()
		f := policy.Judge(tenant(parse(t, change)), subject(), policy.PasswordSignIn())[0]
		assert.Less(t, time.Since(start), time.Minute, "it ends")
		assert.Equal(t, c.want, f.Outcome.String()+" "+f.Extent.String(), "%.60s", c.rule)
		assert.True(t, strings.Contains(said(f), c.text), "%.60s: %.500s", c.rule, said(f))
		assert.Less(t, len(encode(t, f)), 20_000, "%.60s", c.rule)
	}
}

// The longest rule that Microsoft stores is quoted whole.
func TestStoredFiltersAreQuotedWhole(t *testing.T) {
	rule := `device.model -eq "` + strings.Repeat("ä", 3072-19) + `"`
	filter := string(encode(t, map[string]string{"mode": "include", "rule": rule}))
	check(t, subject(), judged{`"devices": {"deviceFilter": ` + filter + `}`, "clear never", rule})
}

// encoding/json refuses what is nested more than 10,000 deep, wherever it stands
// in a policy, and says so. What it takes is judged and written again.
func TestDeepPolicies(t *testing.T) {
	for _, shape := range [][2]string{{"[", "]"}, {`{"later":`, "}"}, {`[{"later":`, "}]"}} {
		for _, around := range [][2]string{
			{`{"later":`, `}`},
			{`{"conditions":{"later":`, `}}`},
			{`{"conditions":{"users":{"includeUsers":["All"],"later":`, `}}}`},
			{`{"conditions":{"users":{"includeUsers":["All"]},"devices":{"deviceFilter":`, `}}}`},
			{`{"sessionControls":{"cloudAppSecurity":`, `}}`},
		} {
			for _, n := range []int{10_000, 1_000_000} {
				var p policy.Policy
				start := time.Now()
				err := json.Unmarshal([]byte(around[0]+nest(shape[0], "1", shape[1], n)+around[1]), &p)
				assert.ErrorContains(t, err, "exceeded max depth", around[0])
				assert.Less(t, len(err.Error()), 500)
				assert.Less(t, time.Since(start), 5*time.Second)
			}
		}
		text := `{"state":"enabled","conditions":{"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"]},"later":` + nest(shape[0], "1", shape[1], 4_000) + `}}`
		var p policy.Policy
		require.NoError(t, json.Unmarshal([]byte(text), &p))
		assert.JSONEq(t, text, string(encode(t, p)))
		f := policy.Judge(tenant(p), subject(), policy.PasswordSignIn())[0]
		assert.Contains(t, said(f), "what later means in conditions")
		assert.Less(t, len(encode(t, f)), 2_000)
	}
}
