package devicefilter

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A second, naive evaluator: two-valued, on rules that it makes itself, knowing
// nothing of Parse. Where a property isn't known it is asked once for each value
// that the property could have.

type naive interface {
	eval(d map[string]any) bool
	source(r *rand.Rand) string
	names() []string
}

type naiveNot struct{ inner naive }

type naiveJunction struct {
	and         bool
	left, right naive
}

type naiveComparison struct {
	name, operator string
	values         []string
}

// domain is every value that a property may have in these tests.
var domain = map[string][]any{
	"model":               {nil, "a", "b", "AB", "ba"},
	"manufacturer":        {nil, "a", "b", "AB", "ba"},
	"extensionAttribute3": {nil, "a", "b", "AB", "ba"},
	"isCompliant":         {nil, true, false},
	"systemLabels":        {nil, []string{}, []string{"A"}, []string{"b", "ab"}},
}

func (n naiveNot) eval(d map[string]any) bool { return !n.inner.eval(d) }

func (n naiveJunction) eval(d map[string]any) bool {
	if n.and {
		return n.left.eval(d) && n.right.eval(d)
	}
	return n.left.eval(d) || n.right.eval(d)
}

func (n naiveComparison) eval(d map[string]any) bool {
	operator, negative := strings.CutPrefix(n.operator, "not")
	if operator == "ne" {
		operator, negative = "eq", true
	}
	return n.positive(strings.ToLower(operator), d[n.name]) != negative
}

func (n naiveComparison) positive(operator string, value any) bool {
	if list, ok := value.([]string); ok {
		return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, n.values[0]) })
	}
	if value == nil {
		return false
	}
	text := strings.ToLower(fmt.Sprint(value))
	for _, v := range n.values {
		v = strings.ToLower(v)
		holds := map[string]bool{
			"eq": text == v, "in": text == v, "contains": strings.Contains(text, v),
			"startswith": strings.HasPrefix(text, v), "endswith": strings.HasSuffix(text, v),
		}
		if holds[operator] {
			return true
		}
	}
	return false
}

func (n naiveNot) names() []string        { return n.inner.names() }
func (n naiveJunction) names() []string   { return append(n.left.names(), n.right.names()...) }
func (n naiveComparison) names() []string { return []string{n.name} }

func (n naiveNot) source(r *rand.Rand) string {
	if c, ok := n.inner.(naiveComparison); ok && r.IntN(2) == 0 {
		return word(r, "not") + " " + c.source(r)
	}
	return word(r, "not") + "(" + n.inner.source(r) + ")"
}

// source leaves brackets out where precedence allows, often.
func (n naiveJunction) source(r *rand.Rand) string {
	side := func(e naive) string {
		j, ok := e.(naiveJunction)
		needed := ok && n.and && !j.and
		if needed || r.IntN(3) == 0 {
			return "(" + e.source(r) + ")"
		}
		return e.source(r)
	}
	name := map[bool]string{true: "and", false: "or"}[n.and]
	return side(n.left) + " " + word(r, name) + " " + side(n.right)
}

func (n naiveComparison) source(r *rand.Rand) string {
	var values []string
	for _, v := range n.values {
		switch {
		case n.name == "isCompliant" && r.IntN(2) == 0:
		case r.IntN(2) == 0:
			v = "'" + v + "'"
		default:
			v = `"` + v + `"`
		}
		values = append(values, v)
	}
	value := values[0]
	if strings.EqualFold(strings.TrimPrefix(n.operator, "not"), "in") {
		value = "[" + strings.Join(values, ",") + "]"
	}
	return anyCase(r, "device."+n.name) + " " + word(r, n.operator) + " " + value
}

func word(r *rand.Rand, name string) string {
	return []string{"", "-", "–"}[r.IntN(3)] + anyCase(r, name)
}

func anyCase(r *rand.Rand, text string) string {
	return []string{text, strings.ToLower(text), strings.ToUpper(text)}[r.IntN(3)]
}

func randomRule(r *rand.Rand, depth int) naive {
	switch n := r.IntN(10); {
	case depth == 0 || n < 2:
		return randomComparison(r)
	case n < 4:
		return naiveNot{randomRule(r, depth-1)}
	default:
		return naiveJunction{r.IntN(2) == 0, randomRule(r, depth-1), randomRule(r, depth-1)}
	}
}

func randomComparison(r *rand.Rand) naive {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	switch name := pick("model", "manufacturer", "extensionAttribute3", "isCompliant", "systemLabels"); name {
	case "isCompliant":
		return naiveComparison{name, pick("eq", "ne"), []string{pick("True", "False")}}
	case "systemLabels":
		return naiveComparison{name, pick("contains", "notContains"), []string{pick("a", "b")}}
	default:
		operator := pick("eq", "ne", "in", "notIn", "startsWith", "notStartsWith", "endsWith", "notEndsWith", "contains", "notContains")
		values := []string{pick("a", "b", "ab")}
		if operator == "in" || operator == "notIn" {
			values = append(values, pick("a", "b", "ab"))
		}
		return naiveComparison{name, operator, values}
	}
}

// randomDevice gives each property a value or leaves it unknown. The device is
// hybrid joined, so that its extension attributes count.
func randomDevice(r *rand.Rand) (device Device, unknown []string) {
	device = Device{"trustType": "ServerAD"}
	for _, name := range slices.Sorted(maps.Keys(domain)) {
		if r.IntN(2) == 0 {
			unknown = append(unknown, name)
			continue
		}
		device[name] = domain[name][r.IntN(len(domain[name]))]
	}
	return device, unknown
}

// outcomes is whether the rule can be yes, and no, over all values of the unknown
// properties that it asks for.
func outcomes(rule naive, device map[string]any, unknown []string) (yes, no bool) {
	if len(unknown) == 0 {
		result := rule.eval(device)
		return result, !result
	}
	for _, value := range domain[unknown[0]] {
		device[unknown[0]] = value
		y, n := outcomes(rule, device, unknown[1:])
		yes, no = yes || y, no || n
	}
	return yes, no
}

func TestAgainstNaive(t *testing.T) {
	decided := map[Truth]int{}
	for seed := range uint64(8_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		rule := randomRule(r, 4)
		source := rule.source(r)
		parsed, err := Parse(source)
		require.NoError(t, err, source)

		device, unknown := randomDevice(r)
		names := rule.names()
		unknown = slices.DeleteFunc(unknown, func(name string) bool { return !slices.Contains(names, name) })
		got := parsed.Match(&device)
		decided[got]++
		yes, no := outcomes(rule, maps.Clone(device), unknown)
		slices.Sort(names)
		once := len(slices.Compact(slices.Clone(names))) == len(names)
		switch {
		case got == Yes:
			require.False(t, no, "seed %d: %s on %v", seed, source, device)
		case got == No:
			require.False(t, yes, "seed %d: %s on %v", seed, source, device)
		case once || len(unknown) == 0:
			// Nothing to correlate: what isn't decided must be open.
			require.True(t, yes && no, "seed %d: undecided %s on %v", seed, source, device)
		}

		require.Equal(t, truthOf(rule.eval(nil)), parsed.Match(nil), "seed %d: %s unregistered", seed, source)
	}
	for _, truth := range []Truth{Unknown, No, Yes} {
		require.Greater(t, decided[truth], 500, truth.String())
	}
}
