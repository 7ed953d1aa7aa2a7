package graphfake

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzFilter: a text is refused, or a filter whose own text is the same filter again
// and treats a row alike.
func FuzzFilter(f *testing.F) {
	for _, text := range []string{
		"displayName eq 'o''b'", "not (a eq 1 or b/c ne null) and x in (1, 'two',3.5e1)", "startswith(displayName,'a') eq false",
		"a/any(x:x/b eq microsoft.graph.state'on' or endswith(x,'c'))", "a/all(p:p ge 2026-01-01T00:00:00Z)", "a/$count eq 0",
		"id eq 184efa21-98c3-4e5d-95ab-d07053a96e67", "NOT startsWith(a,'') OR contains(a,'b')", "((a eq true))", "a lt -1 and a gt .5 and a le 1e9", "a eq guid'184efa21-98c3-4e5d-95ab-d07053a96e67'",
		"'", "(", "a eq", "a/any(a:", strings.Repeat("not ", 49) + "a eq 1",
	} {
		f.Add(text)
	}
	row := object{{"a", raw([]string{"b", "c"})}, {"displayName", raw("o'b")}, {"b", raw(map[string]any{"c": 1})}, {"id", raw("x")}}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, refusal := parseFilter(text)
		if refusal != nil {
			assert.Equal(t, 400, refusal.Status)
			assert.NotEmpty(t, refusal.Message)
			return
		}
		again, refusal := parseFilter(parsed.String())
		if len(parsed.String()) > longestFilter {
			return
		}
		require.Nil(t, refusal, "%q is written %q", text, parsed)
		require.Equal(t, parsed, again)
		assert.Equal(t, parsed.accepts(row), again.accepts(row))
		parsed.check(newFilterTable(userFilters), query{resource: "User", directory: true})
	})
}

// FuzzSearch is the same of $search.
func FuzzSearch(f *testing.F) {
	for _, text := range []string{`"displayName:a"`, `"a:b\"c\\" AND ("d:e" OR "f:g")`, `"`, `(`, `"a:b"  OR  "c: d "`} {
		f.Add(text)
	}
	row := object{{"displayName", raw("HelloWorld 12a")}}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, refusal := parseSearch(text)
		if refusal != nil {
			assert.Equal(t, 400, refusal.Status)
			return
		}
		if len(parsed.String()) > longestFilter {
			return
		}
		again, refusal := parseSearch(parsed.String())
		require.Nil(t, refusal, "%q is written %q", text, parsed)
		require.Equal(t, parsed, again)
		assert.Equal(t, parsed.accepts(row), again.accepts(row))
	})
}

// FuzzPath: a path has at least one segment, and finds routes or a refusal.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/users('o''b')/memberOf", "/applications(appId='x')", "//users//%2F/", "/users(id=x)", "/groups/x/members/y/$ref", "/a()/b(c=1,d='e')", "/%00a%00b", "/", ""} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		segments := splitPath(path)
		require.NotEmpty(t, segments)
		for _, version := range []string{v1, beta} {
			match, refusal := find(version, segments)
			if refusal != nil {
				assert.Equal(t, 400, refusal.Status)
				continue
			}
			assert.NotEmpty(t, match.routes)
			assert.NotContains(t, match.allow(), ", ,")
		}
	})
}

// Every route is found under each of its names, with as many keys as it has.
func TestEveryRouteIsFound(t *testing.T) {
	for _, table := range routeTables() {
		for i := range table {
			r := &table[i]
			for _, path := range append([]string{r.path}, r.aliases...) {
				version := v1
				if r.beta {
					version = beta
				}
				filled := strings.ReplaceAll(path, "{}", "key")
				match, refusal := find(version, splitPath(filled))
				require.Nil(t, refusal, path)
				assert.NotNil(t, match.of(r.method), "%s %s", r.method, path)
				assert.Len(t, match.vars, strings.Count(path, "{}"), path)
				upper, refusal := find(version, splitPath(strings.ToUpper(filled)))
				require.Nil(t, refusal, path)
				assert.Equal(t, match.of(r.method), upper.of(r.method), path)
			}
		}
	}
}

func TestKeysOfPaths(t *testing.T) {
	for path, want := range map[string][]string{
		"/applications('o''b')":               {"applications", "o'b"},
		"/applications(ID='x')/owners":        {"applications", "x", "owners"},
		"/applications(appId='o''b')/owners/": {"applications", "appId=o'b", "owners"},
		"/applications(appId=x)":              {"applications", "appId=x"},
		"/reports/f(a='b',c='d')":             {"reports", "f(a='b',c='d')"},
		"/users/delta()":                      {"users", "delta()"},
		"/users('a'b')":                       {"users('a'b')"},
		"/users/a%2Fb":                        {"users", "a/b"},
		"//":                                  {""},
	} {
		assert.Equal(t, want, splitPath(path), path)
	}
}
