package policy_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

const compliantOnly = `"devices": {"deviceFilter": {"mode": "include", "rule": "device.isCompliant -eq True"}}`

// TestDevicesAreReadFromJSON: a list comes as one of anything and is one of texts.
func TestDevicesAreReadFromJSON(t *testing.T) {
	const text = `{"userActions":[],"devices":[{"isCompliant":true,"model":null,"physicalIds":["[ZTDId]:1"]}]}`
	var s policy.SignIn
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	again, err := json.Marshal(s)
	require.NoError(t, err)
	assert.JSONEq(t, text, string(again))
	for rule, want := range map[string]string{
		`device.physicalIds -contains \"[ZTDId]:1\"`: "mfa always",
		`device.physicalIds -contains \"[ZTDId]\"`:   "clear never",
		`device.model -ne \"Surface\"`:               "mfa always",
	} {
		p := parse(t, `"devices": {"deviceFilter": {"mode": "include", "rule": "`+rule+`"}}`)
		f := policy.Judge(tenant(p), subject(), s)[0]
		assert.Equal(t, want, fmt.Sprint(f.Outcome, " ", f.Extent), rule)
	}
	assert.Equal(t, []any{"[ZTDId]:1"}, s.Devices[0]["physicalIds"], "the caller's device is left as it was")
	require.NoError(t, json.Unmarshal([]byte(`{"devices":[{"physicalIds":["x",1]}]}`), &s))
	f := policy.Judge(tenant(parse(t, `"devices": {"deviceFilter": {"mode": "include", "rule": "device.physicalIds -contains \"x\""}}`)), subject(), s)[0]
	assert.Equal(t, entramfa.Unknown, f.Outcome, "a list of something else is not known")
}

// TestDevicesTogether: what one policy leaves out of the devices the other takes in.
func TestDevicesTogether(t *testing.T) {
	rest := parse(t, `"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}}`)
	both := tenant(parse(t, compliantOnly), rest)
	laptop, unseen := policy.Device{"isCompliant": true}, policy.Device{"trustType": "AzureAD"}
	for _, c := range []struct {
		unregistered bool
		devices      []policy.Device
		want         string
	}{
		{true, []policy.Device{laptop, {"isCompliant": false}}, "mfa always"},
		{false, []policy.Device{laptop}, "mfa always"},
		{false, []policy.Device{laptop, unseen}, "unknown unknown"},
		{false, []policy.Device{nil}, "unknown unknown"}, // registered, and nothing is known of it
		{false, nil, "unknown unknown"},
	} {
		region := policy.PasswordSignIn()
		region.UnregisteredDevice, region.Devices = c.unregistered, c.devices
		v := policy.Decide(both, subject(), region)
		assert.Equal(t, c.want, fmt.Sprint(v.Outcome, " ", v.Extent), "%+v", c)
	}
}

// TestRetiredDeviceConditions meet some sign-ins, whatever is known of the device.
func TestRetiredDeviceConditions(t *testing.T) {
	region := policy.PasswordSignIn()
	from(policy.Device{"isCompliant": true})(&region)
	for _, change := range []string{
		`"deviceStates": {"includeStates": ["All"], "excludeStates": ["Compliant"]}`,
		`"devices": {"includeDevices": ["All"], "excludeDevices": ["Compliant"]}`,
		`"devices": {"includeDeviceStates": ["All"], "excludeDeviceStates": ["Compliant"]}`,
	} {
		f := policy.Judge(tenant(parse(t, change)), subject(), region)[0]
		assert.Equal(t, "unknown unknown", fmt.Sprint(f.Outcome, " ", f.Extent), change)
		assert.Equal(t, entramfa.Verdict{}, policy.Decide(tenant(parse(t, change)), subject(), region), change)
	}
}

func TestDiffNamesTheDevice(t *testing.T) {
	region := policy.PasswordSignIn()
	laptop, server := policy.Device{"isCompliant": true}, policy.Device{"isCompliant": false}
	region.Devices = []policy.Device{server, laptop}
	changes := diff(tenant(), tenant(parse(t, compliantOnly)), region, subject())
	require.Len(t, changes, 1)
	assert.Equal(t, []policy.Device{laptop}, changes[0].Witness.Devices)
	assert.False(t, changes[0].Witness.UnregisteredDevice)
	assert.Equal(t, entramfa.MFA, changes[0].After)
}
