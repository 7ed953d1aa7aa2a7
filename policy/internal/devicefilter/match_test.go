package devicefilter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, rule string) *Rule {
	t.Helper()
	r, err := Parse(rule)
	require.NoError(t, err, rule)
	return r
}

// Every operator on a property that matches, doesn't, is null, isn't known, and
// on an unregistered device.
func TestOperators(t *testing.T) {
	for _, test := range []struct {
		rule, match, noMatch string
	}{
		{`device.model -eq "Surface Pro"`, "SURFACE pro", "Surface"},
		{`device.model -in ["Surface Pro", "Surface Hub"]`, "surface hub", "Surface"},
		{`device.model -startsWith "Surface"`, "surface Pro", "The Surface"},
		{`device.model -endsWith "Pro"`, "Surface PRO", "Surface Pro 9"},
		{`device.model -contains "face"`, "SURFACE Pro", "Fac"},
		{`device.physicalIds -contains "[ZTDId]:1"`, "[ztdid]:1", "[ZTDId]:12"},
		{`device.isCompliant -eq True`, "true", "false"},
		{`device.isCompliant -eq "True"`, "true", "false"},
		{`device.isCompliant -eq 'false'`, "false", "true"},
		{`device.isCompliant -in [True]`, "true", "false"},
	} {
		negative := strings.NewReplacer("-eq", "-ne", "-in", "-notIn", "-startsWith", "-notStartsWith",
			"-endsWith", "-notEndsWith", "-contains", "-notContains").Replace(test.rule)
		for rule, yes := range map[string]Truth{test.rule: Yes, negative: No} {
			t.Run(rule, func(t *testing.T) {
				r := parse(t, rule)
				name := r.Properties()[0]
				device := func(value any) *Device { return &Device{"other": "x", name: value} }
				assert.Equal(t, yes, r.Match(device(valueFor(name, test.match))), "match")
				assert.Equal(t, yes.not(), r.Match(device(valueFor(name, test.noMatch))), "no match")
				assert.Equal(t, yes.not(), r.Match(device(nil)), "null")
				assert.Equal(t, yes.not(), r.Match(nil), "unregistered")
				assert.Equal(t, Unknown, r.Match(&Device{}), "not known")
				assert.Equal(t, Unknown, r.Match(device(7)), "not of the property's type")
			})
		}
	}
}

func valueFor(name, text string) any {
	switch name {
	case "isCompliant":
		return text == "true"
	case "physicalIds":
		return []string{"x", text}
	}
	return text
}

func TestMatch(t *testing.T) {
	device := &Device{
		"MODEL": "Surface Pro", "isCompliant": false, "trustType": "ServerAD", "systemLabels": []string{"AzureResource", "MultiUser"},
		"physicalIds": []string{}, "manufacturer": nil, "extensionAttribute15": "SAW", "displayName": `Tom's "PC"`,
	}
	for _, test := range []struct {
		rule                  string
		device, notRegistered Truth
	}{
		{`device.isCompliant -ne True -or device.trustType -ne "ServerAD"`, Yes, Yes},
		{`device.isCompliant -ne True -and device.trustType -ne "ServerAD"`, No, Yes},
		{`device.extensionAttribute15 -eq 'saw'`, Yes, No},
		{`device.extensionAttribute15 -ne "SAW"`, No, Yes},
		{`device.isCompliant -eq True -and (device.deviceOwnership -eq "Company" -or device.systemLabels -contains "AzureResource") -and -not (device.model -startsWith "Surface")`, No, No},
		{`device.systemLabels -contains "AzureResource" -and -not (device.model -startsWith "Lenovo")`, Yes, No},
		{`-not (device.model -startsWith "Lenovo")`, Yes, Yes},
		{`-not -not device.model -startsWith "Lenovo"`, No, No},
		{"device.displayName -eq \"Tom's `\"PC`\"\"", Yes, No},
		{`device.displayName -eq 'Tom''s "PC"'`, Yes, No},
		{`device.physicalIds -contains "x"`, No, No},
		{`device.physicalIds -notContains "x"`, Yes, Yes},
		{`device.model -contains "k" -or device.model -contains "É"`, No, No},

		// One term that isn't known decides only where the others don't.
		{`device.model -eq "x" -and device.mdmAppId -eq "y"`, No, No},
		{`device.model -ne "x" -and device.mdmAppId -eq "y"`, Unknown, No},
		{`device.model -ne "x" -or device.mdmAppId -eq "y"`, Yes, Yes},
		{`device.model -eq "x" -or device.mdmAppId -eq "y"`, Unknown, No},
		{`-not (device.mdmAppId -eq "y")`, Unknown, Yes},

		// Properties of a newer schema.
		{`device.isRooted -eq True`, Unknown, Unknown},
		{`device.isRooted -ne True`, Unknown, Unknown},
		{`device.isRooted -ne True -or device.model -ne "x"`, Yes, Yes},
		{`device.extensionAttribute16 -ne "x"`, Unknown, Unknown},

		// Null: clear for a value that is set, not documented for null itself.
		{`device.model -eq null`, No, Unknown},
		{`device.model -ne $null`, Yes, Unknown},
		{`device.manufacturer -eq null`, Unknown, Unknown},
		{`device.manufacturer -ne null`, Unknown, Unknown},
		{`device.model -eq "null"`, No, No},
		{`device.model -in ["Surface Pro", null]`, Yes, Unknown},
		{`device.model -in ["x", null]`, No, Unknown},
		{`device.model -startsWith null`, Unknown, Unknown},
		{`device.isCompliant -eq null`, No, Unknown},
		{`device.systemLabels -eq null`, Unknown, Unknown},
		{`device.systemLabels -contains null`, Unknown, Unknown},

		// Operators and values that aren't documented for the property. An unregistered device has
		// nothing to compare.
		{`device.systemLabels -eq "MultiUser"`, Unknown, No},
		{`device.systemLabels -notIn ["MultiUser"]`, Unknown, Yes},
		{`device.systemLabels -startsWith "Multi"`, Unknown, No},
		{`device.systemLabels -endsWith "User"`, Unknown, No},
		{`device.isCompliant -endsWith "e"`, Unknown, No},
		{`device.systemLabels -contains ["MultiUser"]`, Unknown, No},
		{`device.isCompliant -contains "True"`, Unknown, No},
		{`device.isCompliant -ne "yes"`, Unknown, Yes},
		{`device.isCompliant -in [True, "yes"]`, Unknown, No},
		{`device.isCompliant -in [False, "yes"]`, Yes, No},
		{`device.model -eq True`, Unknown, No},
		{`device.model -eq ["Surface Pro"]`, Unknown, No},
		{`device.trustType -in "ServerAD"`, Unknown, No},
		{`device.trustType -notIn 'ServerAD, Workplace'`, Unknown, Yes},
		{`device.model -contains True`, Unknown, No},
		{`device.trustType -notIn ["ServerAD", "Workplace"]`, No, Yes},
	} {
		r := parse(t, test.rule)
		assert.Equal(t, test.device, r.Match(device), test.rule)
		assert.Equal(t, test.notRegistered, r.Match(nil), "unregistered: "+test.rule)
	}
}

func TestPrecedence(t *testing.T) {
	const yes, no = `device.model -eq "m"`, `device.model -ne "m"`
	for rule, want := range map[string]Truth{
		"Y -or N -and N":           Yes,
		"N -and N -or Y":           Yes,
		"(Y -or N) -and N":         No,
		"N -and (N -or Y)":         No,
		"-not N -and N":            No,
		"-not (N -and N)":          Yes,
		"-not Y -or Y":             Yes,
		"-not (Y -or Y)":           No,
		"Y -or -not Y -and N":      Yes,
		"(Y -or -not Y) -and N":    No,
		"-not -not Y -and Y":       Yes,
		"-not ((Y)) -or N":         No,
		"N -or N -or Y":            Yes,
		"Y -and Y -and (Y -and N)": No,
	} {
		r := parse(t, strings.NewReplacer("Y", yes, "N", no).Replace(rule))
		assert.Equal(t, want, r.Match(&Device{"model": "m"}), rule)
	}
}

// Extension attributes need a device that is compliant, hybrid joined or managed
// by Intune; of any other it isn't documented what a rule sees.
func TestExtensionAttributes(t *testing.T) {
	r := parse(t, `device.extensionAttribute1 -eq "SAW"`)
	for name, test := range map[string]struct {
		add  Device
		want Truth
	}{
		"nothing known":  {Device{}, Unknown},
		"compliant":      {Device{"isCompliant": true}, Yes},
		"not compliant":  {Device{"isCompliant": false, "trustType": "AzureAD", "mdmAppId": nil}, Unknown},
		"hybrid joined":  {Device{"isCompliant": false, "trusttype": "serverad"}, Yes},
		"Intune":         {Device{"mdmAppId": "0000000A-0000-0000-c000-000000000000"}, Yes},
		"another MDM":    {Device{"mdmAppId": "00001111-aaaa-2222-bbbb-3333cccc4444"}, Unknown},
		"contradictory":  {Device{"isCompliant": true, "IsCompliant": false}, Unknown},
		"twice the same": {Device{"isCompliant": true, "EXTENSIONATTRIBUTE1": "SAW"}, Unknown},
	} {
		device := Device{"extensionAttribute1": "SAW"}
		for key, value := range test.add {
			device[key] = value
		}
		assert.Equal(t, test.want, r.Match(&device), name)
	}
	assert.Equal(t, Unknown, parse(t, `device.extensionAttribute1 -ne "SAW"`).Match(&Device{"extensionAttribute1": nil}))
}

func TestCase(t *testing.T) {
	for _, test := range []struct{ a, b string }{{"Straße", "STRAßE"}, {"É", "é"}, {"Σ", "ς"}} {
		assert.Equal(t, Yes, parse(t, `device.model -eq "`+test.a+`"`).Match(&Device{"model": test.b}), test.a)
		assert.Equal(t, Yes, parse(t, `device.model -contains "`+test.a+`"`).Match(&Device{"model": "x" + test.b + "y"}), test.a)
	}
	assert.Equal(t, No, parse(t, `device.model -eq "a"`).Match(&Device{"model": "á"}))
}

// A value of another type than the property's says nothing, whatever it looks like.
func TestWrongType(t *testing.T) {
	for rule, value := range map[string]any{
		`device.isCompliant -ne "True"`:       "True",
		`device.model -ne "x"`:                []string{"x"},
		`device.model -ne "y"`:                new("x"),
		`device.systemLabels -contains "x"`:   "x",
		`device.displayName -startsWith "x"`:  true,
		`device.physicalIds -notContains "x"`: []any{"y"},
	} {
		r := parse(t, rule)
		assert.Equal(t, Unknown, r.Match(&Device{r.Properties()[0]: value}), rule)
	}
}

func TestNoRule(t *testing.T) {
	for _, r := range []*Rule{nil, {}} {
		assert.Equal(t, Unknown, r.Match(nil))
		assert.Equal(t, "", r.String())
		assert.Empty(t, r.Properties())
	}
	assert.Equal(t, "unknown no yes", Unknown.String()+" "+No.String()+" "+Yes.String())
}
