package conformance

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// WriterMaker returns what is under test, which reads and changes the tenant.
type WriterMaker func(t *testing.T, tenant *graphfake.Tenant) mfa.ReadWriter

// RunWrites runs what every mfa.ReadWriter promises of its writes. Each test has a
// tenant of its own. Who retries by itself must not wait for real time.
func RunWrites(t *testing.T, newReadWriter func(t *testing.T, tenant *graphfake.Tenant) mfa.ReadWriter) {
	tests := map[string]func(*testing.T, WriterMaker){
		"identity":                      testIdentity,
		"a patch changes what it names": testPatch,
		"a patch keeps the future":      testPatchKeepsFuture,
		"policies come and go":          testPolicyLife,
		"a strength comes expanded":     testCreatedStrength,
		"locations come and go":         testLocationLife,
		"locations in use":              testLocationInUse,
		"group members":                 testGroupMembers,
		"per-user state":                testPerUserState,
		"defaults against policies":     testDefaultsAgainstPolicies,
		"writes: not found":             testWriteNotFound,
		"writes: refused":               testWriteRefused,
		"writes: licence":               testWriteLicence,
		"writes: throttled":             testWriteThrottled,
		"writes: once":                  testWriteOnce,
		"writes: cancelled":             testWriteCancelled,
		"writes: after a while":         testWriteDelayed,
	}
	runEach[WriterMaker](t, tests, newReadWriter)
}

func testIdentity(t *testing.T, newReadWriter WriterMaker) {
	person := mfa.Identity{Kind: mfa.IdentityUser, ID: "aaaaaaaa-0000-4000-8000-00000000000a", Name: "admin@contoso.com"}
	for _, caller := range []mfa.Identity{{}, person} {
		f := build(t)
		f.tenant.Caller = caller
		who, err := newReadWriter(t, f.tenant).Identity(t.Context())
		require.NoError(t, err)
		assert.Equal(t, f.tenant.ID(), who.TenantID)
		assert.NotEmpty(t, who.ID)
		assert.NotEmpty(t, who.Name)
		if caller.Kind == mfa.IdentityUser {
			person.TenantID = f.tenant.ID()
			assert.Equal(t, person, who)
		} else {
			assert.Equal(t, mfa.IdentityApplication, who.Kind)
		}
	}
}

// jsonOf writes a resource with its members.
func jsonOf(t *testing.T, resource any) string {
	t.Helper()
	text, err := json.Marshal(resource)
	require.NoError(t, err)
	return string(text)
}

// bare returns what a resource says: v1.0, which answers a creation, and beta, which
// a policy is read from, differ in their annotations and in what is null.
func bare(t *testing.T, resource any) any {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal([]byte(jsonOf(t, resource)), &value))
	return said(value)
}

func said(value any) any {
	members, ok := value.(map[string]any)
	if !ok {
		return value
	}
	kept := map[string]any{}
	for name, member := range members {
		if member != nil && !strings.Contains(name, "@odata.context") {
			kept[name] = said(member)
		}
	}
	return kept
}

func testPatch(t *testing.T, newReadWriter WriterMaker) {
	f := build(t)
	w := newReadWriter(t, f.tenant)
	before, err := w.Policy(t.Context(), f.plain)
	require.NoError(t, err)
	assert.Equal(t, f.plain, before.ID)
	assert.Nil(t, before.ModifiedDateTime)
	assert.Equal(t, "Keys only", before.GrantControls.AuthenticationStrength.DisplayName, "a strength comes expanded")

	patch := policy.Patch{State: new(policy.StateDisabled), ExcludeUsers: []string{f.deleted, f.service}}
	receipt, err := w.UpdatePolicy(t.Context(), f.plain, patch)
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.RequestID)
	after, err := w.Policy(t.Context(), f.plain)
	require.NoError(t, err)
	assert.Equal(t, policy.StateDisabled, after.State)
	assert.Equal(t, []string{f.deleted, f.service}, after.Conditions.Users.ExcludeUsers)
	assert.NotNil(t, after.ModifiedDateTime)
	want := before.Patched(patch)
	want.ModifiedDateTime = after.ModifiedDateTime
	assert.Equal(t, jsonOf(t, want), jsonOf(t, after), "everything else is what it was, byte for byte")

	_, err = w.UpdatePolicy(t.Context(), f.plain, policy.Patch{ExcludeUsers: []string{}})
	require.NoError(t, err)
	after, err = w.Policy(t.Context(), f.plain)
	require.NoError(t, err)
	assert.Equal(t, []string{}, after.Conditions.Users.ExcludeUsers, "a list is replaced whole")
	assert.Equal(t, []string{f.outer}, after.Conditions.Users.IncludeGroups)
	assert.Equal(t, policy.StateDisabled, after.State)

	_, err = w.UpdatePolicy(t.Context(), f.plain, patch.Of(before))
	require.NoError(t, err)
	undone, err := w.Policy(t.Context(), f.plain)
	require.NoError(t, err)
	undone.ModifiedDateTime = before.ModifiedDateTime
	assert.Equal(t, jsonOf(t, before), jsonOf(t, undone), "what a patch was undoes it")
}

func testPatchKeepsFuture(t *testing.T, newReadWriter WriterMaker) {
	f := build(t)
	w := newReadWriter(t, f.tenant)
	for _, id := range []string{f.future, f.betaOnly} {
		before, err := w.Policy(t.Context(), id)
		require.NoError(t, err)
		patch := policy.Patch{State: new(policy.StateReportOnly), ExcludeUsers: []string{f.service}}
		_, err = w.UpdatePolicy(t.Context(), id, patch)
		require.NoError(t, err, "what only beta knows can be patched")
		after, err := w.Policy(t.Context(), id)
		require.NoError(t, err)
		want := before.Patched(patch)
		want.ModifiedDateTime = after.ModifiedDateTime
		assert.Equal(t, jsonOf(t, want), jsonOf(t, after))
	}
}

// newPolicy is a policy that any tenant takes.
func newPolicy(name string, state policy.State) policy.Policy {
	return policy.Policy{
		DisplayName: name, State: state,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"},
			Users:          &policy.Users{IncludeUsers: []string{"All"}},
			Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
		},
		GrantControls: &policy.GrantControls{Operator: new("AND"), BuiltInControls: []string{"mfa"}},
	}
}

func testPolicyLife(t *testing.T, newReadWriter WriterMaker) {
	f := build(t)
	w := newReadWriter(t, f.tenant)
	made, receipt, err := w.CreatePolicy(t.Context(), newPolicy("MFA", policy.StateReportOnly))
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.RequestID)
	assert.NotEmpty(t, made.ID)
	assert.NotNil(t, made.CreatedDateTime)
	assert.Nil(t, made.ModifiedDateTime, "it was never modified")
	assert.Equal(t, "OR", value(made.GrantControls.Operator), "AND beside one control is stored as OR")

	read, err := w.Policy(t.Context(), made.ID)
	require.NoError(t, err)
	assert.Equal(t, bare(t, made), bare(t, read), "what was answered is what was stored")
	list, err := w.Policies(t.Context())
	require.NoError(t, err)
	assert.Contains(t, idsOf(list.Policies, policyID), made.ID)

	receipt, err = w.DeletePolicy(t.Context(), made.ID)
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.RequestID)
	_, err = w.Policy(t.Context(), made.ID)
	graphErrorOf(t, err, entramfa.ErrNotFound, "it is gone")
	list, err = w.Policies(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{f.plain, f.future, f.betaOnly}, idsOf(list.Policies, policyID))
}

func testCreatedStrength(t *testing.T, newReadWriter WriterMaker) {
	f := build(t)
	p := newPolicy("Keys", policy.StateDisabled)
	p.Conditions.Locations = &policy.Locations{IncludeLocations: []string{"All"}, ExcludeLocations: []string{f.location, "AllTrusted"}}
	p.GrantControls = &policy.GrantControls{Operator: new("AND"), AuthenticationStrength: &policy.AuthenticationStrength{ID: f.strength}}
	made, _, err := newReadWriter(t, f.tenant).CreatePolicy(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, "Keys only", made.GrantControls.AuthenticationStrength.DisplayName)
	assert.Equal(t, []policy.Flags{"fido2"}, made.GrantControls.AuthenticationStrength.AllowedCombinations)
	assert.Equal(t, "OR", value(made.GrantControls.Operator))
	assert.Equal(t, []string{f.location, "AllTrusted"}, made.Conditions.Locations.ExcludeLocations)
}

func testLocationLife(t *testing.T, newReadWriter WriterMaker) {
	for name, location := range map[string]policy.NamedLocation{
		"addresses": {
			Type: policy.IPNamedLocation, DisplayName: "Data centre", IsTrusted: new(false),
			IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "198.51.100.0/24"}, {Type: "#microsoft.graph.iPv6CidrRange", CIDRAddress: "2001:db8::/48"}},
		},
		"countries": {Type: policy.CountryNamedLocation, DisplayName: "Abroad", CountriesAndRegions: []string{"SE", "NO"}},
	} {
		f := build(t)
		w := newReadWriter(t, f.tenant)
		made, receipt, err := w.CreateNamedLocation(t.Context(), location)
		require.NoError(t, err, name)
		assert.NotEmpty(t, receipt.RequestID)
		assert.NotEmpty(t, made.ID)
		assert.Equal(t, location.Type, made.Type)
		assert.Equal(t, location.DisplayName, made.DisplayName)
		assert.Equal(t, location.CountriesAndRegions, made.CountriesAndRegions)
		require.Len(t, made.IPRanges, len(location.IPRanges))
		for i := range made.IPRanges {
			assert.Equal(t, location.IPRanges[i].CIDRAddress, made.IPRanges[i].CIDRAddress)
		}
		locationID := func(l policy.NamedLocation) string { return l.ID }
		list, err := w.NamedLocations(t.Context())
		require.NoError(t, err)
		assert.Contains(t, idsOf(list, locationID), made.ID)

		receipt, err = w.DeleteNamedLocation(t.Context(), made.ID)
		require.NoError(t, err, name)
		assert.NotEmpty(t, receipt.RequestID)
		list, err = w.NamedLocations(t.Context())
		require.NoError(t, err)
		assert.NotContains(t, idsOf(list, locationID), made.ID)
	}
}

func testLocationInUse(t *testing.T, newReadWriter WriterMaker) {
	f := build(t)
	w := newReadWriter(t, f.tenant)
	before := f.tenant.Snapshot()
	_, err := w.DeleteNamedLocation(t.Context(), f.location)
	assert.Equal(t, http.StatusBadRequest, graphErrorOf(t, err, nil, "a trusted one").Status)
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))

	p := newPolicy("From nowhere", policy.StateDisabled)
	p.Conditions.Locations = &policy.Locations{IncludeLocations: []string{"99999999-9999-4999-8999-999999999999"}}
	_, _, err = w.CreatePolicy(t.Context(), p)
	assert.Contains(t, graphErrorOf(t, err, nil, "an unknown one").Message, "1040")
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))
}

func testGroupMembers(t *testing.T, newReadWriter WriterMaker) {
	f := build(t)
	w := newReadWriter(t, f.tenant)
	before := f.tenant.Snapshot()
	receipt, err := w.AddGroupMember(t.Context(), f.circleB, f.service)
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.RequestID)
	groups, err := w.MemberOf(t.Context(), f.service)
	require.NoError(t, err)
	assert.Contains(t, idsOf(groups, func(g policy.Group) string { return g.ID }), f.circleB)

	_, err = w.AddGroupMember(t.Context(), f.circleB, f.service)
	assert.Equal(t, http.StatusBadRequest, graphErrorOf(t, err, nil, "a member already").Status)
	for _, group := range []string{f.inner, f.middle} {
		_, err = w.AddGroupMember(t.Context(), group, f.disabled)
		assert.Equal(t, http.StatusBadRequest, graphErrorOf(t, err, nil, "dynamic, or mail's").Status)
	}

	receipt, err = w.RemoveGroupMember(t.Context(), f.circleB, f.service)
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.RequestID)
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))
	_, err = w.AddGroupMember(t.Context(), f.roleOuter, f.disabled)
	require.NoError(t, err, "a group that can hold roles")
	_, err = w.AddGroupMember(t.Context(), f.circleB, f.outer)
	require.NoError(t, err, "a group in a group")
}

func testPerUserState(t *testing.T, newReadWriter WriterMaker) {
	f := build(t)
	w := newReadWriter(t, f.tenant)
	for _, user := range []string{f.guest, guestUPN, "Svc@contoso.com"} {
		for _, state := range []mfa.PerUserState{mfa.PerUserEnabled, mfa.PerUserEnforced, mfa.PerUserDisabled} {
			receipt, err := w.UpdateRequirements(t.Context(), user, state)
			require.NoError(t, err, user)
			assert.NotEmpty(t, receipt.RequestID)
			requirements, err := w.Requirements(t.Context(), user)
			require.NoError(t, err)
			assert.Equal(t, state, requirements.PerUserMFAState)
		}
	}
	_, err := w.UpdateRequirements(t.Context(), f.guest, "off")
	assert.Error(t, err, "no such state")
}

func testDefaultsAgainstPolicies(t *testing.T, newReadWriter WriterMaker) {
	f := build(t)
	w := newReadWriter(t, f.tenant)
	before := f.tenant.Snapshot()
	_, err := w.UpdateSecurityDefaults(t.Context(), true)
	assert.Equal(t, http.StatusBadRequest, graphErrorOf(t, err, nil, "on while policies are enabled").Status)
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))

	for _, id := range []string{f.future, f.betaOnly} {
		_, err := w.UpdatePolicy(t.Context(), id, policy.Patch{State: new(policy.StateReportOnly)})
		require.NoError(t, err)
	}
	receipt, err := w.UpdateSecurityDefaults(t.Context(), true)
	require.NoError(t, err)
	assert.NotEmpty(t, receipt.RequestID)
	defaults, err := w.SecurityDefaults(t.Context())
	require.NoError(t, err)
	assert.True(t, value(defaults.IsEnabled))

	before = f.tenant.Snapshot()
	_, err = w.UpdatePolicy(t.Context(), f.plain, policy.Patch{State: new(policy.StateEnabled)})
	graph := graphErrorOf(t, err, nil, "enabled while security defaults are on")
	assert.Equal(t, http.StatusBadRequest, graph.Status)
	assert.Contains(t, graph.Message, "Security Defaults is enabled in the tenant")
	_, _, err = w.CreatePolicy(t.Context(), newPolicy("Too early", policy.StateEnabled))
	assert.Equal(t, http.StatusBadRequest, graphErrorOf(t, err, nil, "created enabled").Status)
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))

	_, _, err = w.CreatePolicy(t.Context(), newPolicy("Waiting", policy.StateReportOnly))
	require.NoError(t, err, "report-only is accepted meanwhile")
	_, err = w.UpdateSecurityDefaults(t.Context(), false)
	require.NoError(t, err)
	_, err = w.UpdatePolicy(t.Context(), f.plain, policy.Patch{State: new(policy.StateEnabled)})
	require.NoError(t, err)
}

// testWriteDelayed: reads show a change some time after it was made.
func testWriteDelayed(t *testing.T, newReadWriter WriterMaker) {
	f := build(t)
	now := time.Now()
	f.tenant.Clock = func() time.Time { return now }
	f.tenant.ReplicationDelay = time.Minute
	w := newReadWriter(t, f.tenant)
	_, err := w.UpdatePolicy(t.Context(), f.plain, policy.Patch{State: new(policy.StateDisabled)})
	require.NoError(t, err)
	made, _, err := w.CreatePolicy(t.Context(), newPolicy("New", policy.StateReportOnly))
	require.NoError(t, err)
	for _, arrived := range []bool{false, true} {
		if arrived {
			now = now.Add(time.Minute)
		}
		old, err := w.Policy(t.Context(), f.plain)
		require.NoError(t, err)
		assert.Equal(t, arrived, old.State == policy.StateDisabled)
		_, err = w.Policy(t.Context(), made.ID)
		if arrived {
			assert.NoError(t, err)
		} else {
			assert.ErrorIs(t, err, entramfa.ErrNotFound)
		}
	}
}
