package devicefilter

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a rule is in its one form, which reads as the same rule.
func TestString(t *testing.T) {
	for rule, want := range map[string]string{
		`device.isCompliant -eq True`:                                 `device.isCompliant -eq True`,
		`  ( DEVICE.deviceid  EQ "x" )`:                               `device.deviceId -eq "x"`,
		`device.MODEL NOTSTARTSWITH "x"`:                              `device.model -notStartsWith "x"`,
		`device.model –ne null –and device.model ne $NULL`:            `device.model -ne null -and device.model -ne null`,
		`device.isCompliant -eq"true"and(device.isCompliant-eq TRUE)`: `device.isCompliant -eq "true" -and device.isCompliant -eq True`,
		"device.model\r\n\t-in\u00a0['a',\"b\" , False]":              `device.model -in ["a", "b", False]`,
		`not device.model -eq "a"`:                                    `-not (device.model -eq "a")`,
		`-not not(device.model -eq "a")`:                              `-not (-not (device.model -eq "a"))`,
		`(device.model -eq "a" -or device.model -eq "b") -and (device.model -eq "c" -and device.model -eq "d")`: `(device.model -eq "a" -or device.model -eq "b") -and device.model -eq "c" -and device.model -eq "d"`,
		`(device.model -eq "a" -and device.model -eq "b") -or device.model -eq "c"`:                             `device.model -eq "a" -and device.model -eq "b" -or device.model -eq "c"`,
		`-not (device.model -eq "a" -or device.model -eq "b")`:                                                  `-not (device.model -eq "a" -or device.model -eq "b")`,
		`device.Rooted -eq True -or device.rooted -eq True`:                                                     `device.Rooted -eq True -or device.rooted -eq True`,
		`device.model -eq 'it''s "x" [\]'`:                                                                      "device.model -eq \"it's `\"x`\" [\\]\"",
		"device.model -eq 'grave ` and '''":                                                                     "device.model -eq 'grave ` and '''",
		`device.model -eq ""`:                                                                                   `device.model -eq ""`,
		`device.model -eq ''`:                                                                                   `device.model -eq ""`,
	} {
		r := parse(t, rule)
		assert.Equal(t, want, r.String(), rule)
		assert.Equal(t, r, parse(t, want), rule)
	}
}

func TestProperties(t *testing.T) {
	r := parse(t, `device.trusttype -eq "ServerAD" -or -not (device.Rooted -eq True -and device.TRUSTTYPE -eq "AzureAD" -and device.rooted -eq True) -or device.extensionattribute10 -eq "x"`)
	assert.Equal(t, []string{"extensionAttribute10", "Rooted", "trustType"}, r.Properties())
	r.Properties()[0] = "changed"
	assert.Equal(t, "extensionAttribute10", r.Properties()[0], "the rule keeps its own")
}

// Every documented property is one that Match knows.
func TestDocumentedProperties(t *testing.T) {
	names := strings.Fields("deviceId displayName deviceOwnership enrollmentProfileName isCompliant manufacturer mdmAppId model operatingSystem operatingSystemVersion " +
		"physicalIds profileType systemLabels trustType extensionAttribute1 extensionAttribute2 extensionAttribute9 extensionAttribute10 extensionAttribute15")
	for _, name := range names {
		r := parse(t, "device."+strings.ToUpper(name)+` -ne "x"`)
		assert.Equal(t, []string{name}, r.Properties())
		assert.Equal(t, Yes, r.Match(nil), name)
	}
}

func TestMalformed(t *testing.T) {
	for _, test := range []struct {
		rule     string
		offset   int
		expected string
	}{
		{``, 0, "a comparison"},
		{`   `, 3, "a comparison"},
		{`()`, 1, "a comparison"},
		{`device.model`, 12, "-notStartsWith"},
		{`device.model -eq`, 16, "a text in quotes"},
		{`device.model -eq SAW`, 17, "a text in quotes"},
		{`device.model -eq -true`, 17, "a text in quotes"},
		{`device.model -eq 5`, 17, "a text in quotes"},
		{`device.model -eq "a`, 17, `ends with "`},
		{"device.model -eq \"a`\"", 17, `ends with "`},
		{"device.model -eq \"a`n\"", 20, "after the grave accent"},
		{`device.model -eq 'a''`, 17, "ends with '"},
		{`device.model -eq “a”`, 17, "a bracket"},
		{`device.model == 'Windows'`, 13, "a bracket"},
		{`device.model - eq "a"`, 13, "a bracket"},
		{`device.model -match "^a"`, 13, "one of the operators"},
		{`device.physicalIds -any (_ -contains "a")`, 19, "one of the operators"},
		{`device.model "-eq" "a"`, 13, "one of the operators"},
		{`model -eq "a"`, 0, "device.model"},
		{`user.model -eq "a"`, 0, "device.model"},
		{`device. -eq "a"`, 0, "device.model"},
		{`device.a.b -eq "a"`, 0, "device.model"},
		{`-device.model -eq "a"`, 0, "device.model"},
		{`"a" -eq device.model`, 0, "device.model"},
		{`-not`, 4, "a comparison"},
		{`-and device.model -eq "a"`, 0, "a comparison"},
		{`device.model -eq "a" -and`, 25, "a comparison"},
		{`device.model -eq "a" -or -or device.model -eq "b"`, 25, "a comparison"},
		{`device.model -eq "a" device.model -eq "b"`, 21, "the end of the rule"},
		{`device.model -eq "a")`, 20, "the end of the rule"},
		{`device.model -eq "a""b"`, 20, "the end of the rule"},
		{`(device.model -eq "a"`, 21, "-and, -or or )"},
		{`-not (device.model -eq "a"`, 26, "-and, -or or )"},
		{`device.model -in []`, 18, "a text in quotes"},
		{`device.model -in ["a",]`, 22, "a text in quotes"},
		{`device.model -in ["a"`, 21, "a comma or ]"},
		{`device.model -in ["a" "b"]`, 22, "a comma or ]"},
		{`#`, 0, "a bracket"},
		{`(#`, 1, "a bracket"},
		{`-not #`, 5, "a bracket"},
		{`device.model # "a"`, 13, "a bracket"},
		{`device.model -eq #`, 17, "a bracket"},
		{`device.model -in [#]`, 18, "a bracket"},
		{`device.model -eq "a" -and #`, 26, "a bracket"},
		{`device.model -in [["a"]]`, 18, "a text in quotes"},
		{`device.model -in ("a", "b")`, 17, "a list in [ ]"},
		{"device.model -eq \"a\" \xff", 21, "a bracket"},
	} {
		_, err := Parse(test.rule)
		var syntax *SyntaxError
		require.ErrorAs(t, err, &syntax, test.rule)
		assert.Equal(t, test.offset, syntax.Offset, test.rule)
		assert.Contains(t, syntax.Expected, test.expected, test.rule)
	}
}

func TestSyntaxErrorText(t *testing.T) {
	_, err := Parse(`device.model -eq "a" device.manufacturer -eq "b"`)
	assert.EqualError(t, err, `device filter rule: at byte 21: expected -and, -or or the end of the rule, found "device.manufacturer -eq …"`)
	_, err = Parse(`(device.model -eq "ä"`)
	assert.EqualError(t, err, `device filter rule: at byte 22: expected -and, -or or ), the rule ends`)
}

func TestDepth(t *testing.T) {
	const leaf = `device.model -eq "a"`
	nest := func(open, closing string, n int) string {
		return strings.Repeat(open, n) + leaf + strings.Repeat(closing, n)
	}
	for _, shape := range [][2]string{{"(", ")"}, {"-not ", ""}, {"-not (", ")"}, {"(" + leaf + " -or ", ")"}, {"(" + leaf + " -and (" + leaf + " -or ", "))"}} {
		levels := max(1, strings.Count(shape[0], "("))
		within := nest(shape[0], shape[1], maxDepth/levels)
		r := parse(t, within)
		assert.Equal(t, r, parse(t, r.String()), "what can be read can be read again")
		for _, n := range []int{maxDepth + 1, 10_000, 200_000} {
			_, err := Parse(nest(shape[0], shape[1], n))
			assert.ErrorContains(t, err, "at most 256", shape[0])
		}
	}
}

// Whatever is nested, ten thousand or a million deep, is an error and takes no
// longer for being deep; so is what is never closed, and a list in a list.
func TestDeepRulesAreErrors(t *testing.T) {
	const leaf = `device.model -eq "a"`
	for _, shape := range []struct{ open, inner, closing, expected string }{
		{"(", leaf, ")", "at most 256"},
		{"(", "", "", "at most 256"},
		{"-not ", leaf, "", "at most 256"},
		{"-not-not(", leaf, ")", "at most 256"},
		{"(-not (", leaf, "))", "at most 256"},
		{leaf + " -and -not (" + leaf + " -or (", leaf, "))", "at most 256"},
		{"[", `"a"`, "]", "device.model"},
		{"device.model -in [", `"a"`, "]", "a text in quotes"},
		{leaf[:len(leaf)-3] + "[", `"a"`, "]", "a text in quotes"},
		{"", "device.model -in " + strings.Repeat("[", 1_000_000), "", "a text in quotes"},
		{")", leaf, "", "device.model"},
	} {
		for _, n := range []int{10_000, 1_000_000} {
			start := time.Now()
			_, err := Parse(strings.Repeat(shape.open, n) + shape.inner + strings.Repeat(shape.closing, n))
			assert.ErrorContains(t, err, shape.expected, shape.open)
			assert.Less(t, len(err.Error()), 500, shape.open)
			assert.Less(t, time.Since(start), 5*time.Second, shape.open)
		}
	}
}

// Width isn't depth: a rule far beyond Microsoft's 3072 characters is read.
func TestLong(t *testing.T) {
	var terms []string
	for range 5_000 {
		terms = append(terms, `device.deviceId -ne "a"`, `(-not (device.deviceId -eq "b"))`)
	}
	r := parse(t, strings.Join(terms, " -and "))
	assert.Equal(t, Yes, r.Match(nil))
	assert.Equal(t, []string{"deviceId"}, r.Properties())
	list := parse(t, `device.deviceId -in ["a"`+strings.Repeat(`, "a"`, 50_000)+"]")
	assert.Equal(t, No, list.Match(&Device{"deviceId": "b"}))
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`device.isCompliant -eq True -and (device.deviceOwnership -eq "Company" -or device.systemLabels -contains "AzureResource") -and -not (device.model -startsWith "Surface")`,
		`device.mdmAppId notIn ["00001111-aaaa-2222-bbbb-3333cccc4444", 'a''b', null]`, "device.x –ne \"`\"\"", "-not -not (device.a -in [True])", `((((`, "device.model -eq 'a`'",
	} {
		f.Add(seed)
	}
	devices := []*Device{nil, {}, {"model": "Surface", "isCompliant": true, "systemLabels": []string{"a"}, "deviceId": nil}}
	f.Fuzz(func(t *testing.T, rule string) {
		r, err := Parse(rule)
		if err != nil {
			var syntax *SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.LessOrEqual(t, syntax.Offset, len(rule))
			require.NotEmpty(t, err.Error())
			return
		}
		again, err := Parse(r.String())
		require.NoError(t, err, r.String())
		require.Equal(t, r, again)
		require.NotEmpty(t, r.Properties())
		for _, d := range devices {
			require.Contains(t, []Truth{Unknown, No, Yes}, r.Match(d))
			require.Equal(t, r.Match(d), again.Match(d))
		}
	})
}
