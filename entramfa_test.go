package entramfa_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
)

func TestZeroIsCareful(t *testing.T) {
	assert.Equal(t, entramfa.Unknown, entramfa.Finding{}.Outcome)
	assert.Equal(t, entramfa.ExtentUnknown, entramfa.Finding{}.Extent)
	assert.Equal(t, entramfa.Verdict{}, entramfa.Combine(nil))
	var v entramfa.Value[bool]
	assert.False(t, v.Known())
	assert.ErrorIs(t, v.Err(), entramfa.ErrNotRead)
}

func TestNamesRoundTrip(t *testing.T) {
	for _, o := range []entramfa.Outcome{entramfa.Unknown, entramfa.Clear, entramfa.MFA, entramfa.Blocked} {
		for _, e := range []entramfa.Extent{entramfa.ExtentUnknown, entramfa.Never, entramfa.Sometimes, entramfa.Always} {
			verdict := entramfa.Verdict{Outcome: o, Extent: e}
			text, err := json.Marshal(verdict)
			require.NoError(t, err)
			assert.JSONEq(t, fmt.Sprintf(`{"outcome":%q,"extent":%q}`, o, e), string(text))
			var again entramfa.Verdict
			require.NoError(t, json.Unmarshal(text, &again))
			assert.Equal(t, verdict, again)
		}
	}
	var o entramfa.Outcome
	assert.ErrorContains(t, o.UnmarshalText([]byte("fine")), `"fine" is none of`)
	_, err := json.Marshal(entramfa.Outcome(9))
	assert.ErrorContains(t, err, "Outcome(9) has no name")
	assert.Equal(t, "entramfa.Extent(-1)", entramfa.Extent(-1).String())
}

func TestCombine(t *testing.T) {
	clear := entramfa.Finding{Outcome: entramfa.Clear, Extent: entramfa.Never}
	mfa := entramfa.Finding{Outcome: entramfa.MFA, Extent: entramfa.Always}
	perhaps := entramfa.Finding{Outcome: entramfa.MFA, Extent: entramfa.Sometimes}
	blocked := entramfa.Finding{Outcome: entramfa.Blocked, Extent: entramfa.Always}
	somewhere := entramfa.Finding{Outcome: entramfa.Blocked, Extent: entramfa.Sometimes}
	unknown := entramfa.Finding{}
	odd := entramfa.Finding{Outcome: entramfa.Clear, Extent: entramfa.Sometimes}
	for _, c := range []struct {
		findings []entramfa.Finding
		want     string
	}{
		{[]entramfa.Finding{clear, clear}, "clear never"},
		{[]entramfa.Finding{clear, perhaps}, "mfa sometimes"},
		{[]entramfa.Finding{somewhere, perhaps, clear}, "blocked sometimes"},
		{[]entramfa.Finding{somewhere, unknown, clear}, "unknown unknown"},
		{[]entramfa.Finding{unknown, mfa}, "mfa always"},
		{[]entramfa.Finding{mfa, blocked, unknown}, "blocked always"},
		{[]entramfa.Finding{clear, unknown}, "unknown unknown"},
		{[]entramfa.Finding{clear, odd}, "unknown unknown"},
	} {
		v := entramfa.Combine(c.findings)
		assert.Equal(t, c.want, fmt.Sprint(v.Outcome, " ", v.Extent))
	}
}

func TestErrors(t *testing.T) {
	var err error = &entramfa.GraphError{
		Method: "GET", Path: "/users/x", Kind: entramfa.ErrPermission, Status: 403, Code: "Authorization_RequestDenied",
		Message: "Insufficient privileges to complete the operation.", RequestID: "r", Permissions: []string{"User.Read.All", "Directory.Read.All"},
	}
	assert.ErrorIs(t, err, entramfa.ErrPermission)
	assert.EqualError(t, err, "GET /users/x: 403 Authorization_RequestDenied: Insufficient privileges to complete the operation.; grant User.Read.All or Directory.Read.All (request-id r)")

	several := &entramfa.AccountError{Name: "Service", Kind: entramfa.ErrAmbiguous, Candidates: []entramfa.Candidate{{ID: "1", UserPrincipalName: "a@x", DisplayName: "Service"}, {ID: "2", UserPrincipalName: "b@x", DisplayName: "Service"}}}
	assert.ErrorIs(t, several, entramfa.ErrAmbiguous)
	assert.ErrorContains(t, several, "2  b@x  Service")
	none := &entramfa.AccountError{Name: "Service", Kind: entramfa.ErrNotFound}
	assert.ErrorContains(t, none, `no account "Service"; give an object id`)
	none.Candidates = several.Candidates
	assert.ErrorContains(t, none, "near it\n  1  a@x  Service")
}

func TestErrorNamesPermissionsThatAreNeededTogether(t *testing.T) {
	tests := map[string]struct {
		any, also []string
		want      string
	}{
		"one of two":       {[]string{"A", "B"}, nil, "; grant A or B"},
		"both":             {[]string{"A"}, []string{"B"}, "; grant A and B"},
		"all three":        {[]string{"A"}, []string{"B", "C"}, "; grant A and B and C"},
		"one of two and C": {[]string{"A", "B"}, []string{"C"}, "; grant A or B, and C"},
		"none":             {nil, nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := &entramfa.GraphError{Method: "PATCH", Path: "/x", Status: 403, Permissions: test.any, Also: test.also}
			assert.EqualError(t, err, "PATCH /x: 403"+test.want)
		})
	}
}

func TestValuesRoundTrip(t *testing.T) {
	type facts struct {
		On      entramfa.Value[bool]
		List    entramfa.Value[[]string]
		Refused entramfa.Value[bool]
		Odd     entramfa.Value[bool]
		Nobody  entramfa.Value[bool]
	}
	before := facts{
		On: entramfa.Known(false), List: entramfa.Known([]string(nil)),
		Refused: entramfa.Missing[bool](&entramfa.GraphError{Method: "GET", Path: "/x", Status: 403, Kind: entramfa.ErrPermission}),
		Odd:     entramfa.Missing[bool](errors.New("odd")),
	}
	text, err := json.Marshal(before)
	require.NoError(t, err)
	var after facts
	require.NoError(t, json.Unmarshal(text, &after))
	assert.Equal(t, before.On, after.On)
	assert.True(t, after.List.Known())
	assert.ErrorIs(t, after.Refused.Err(), entramfa.ErrPermission)
	assert.EqualError(t, after.Refused.Err(), before.Refused.Err().Error())
	assert.EqualError(t, after.Odd.Err(), "odd")
	assert.ErrorIs(t, after.Nobody.Err(), entramfa.ErrNotRead)
	assert.Error(t, json.Unmarshal([]byte(`{"value":true,"missing":"why"}`), &after.On))
	again, err := json.Marshal(after)
	require.NoError(t, err)
	assert.JSONEq(t, string(text), string(again))
}

func TestAChangeIsOneLineInALog(t *testing.T) {
	for want, c := range map[string]entramfa.Change{
		`change 4: changePolicy "Require MFA": {"state":"disabled"} -> {"state":"enabled"}`: {
			ID: "4", Kind: entramfa.ChangePolicy, TargetID: "p", TargetName: "Require MFA", Reason: "why", Undo: "back",
			Before: json.RawMessage("{\n  \"state\": \"disabled\"\n}"), After: json.RawMessage(`{"state": "enabled"}`),
		},
		`createNamedLocation "a\n\x1bb": null -> {}`: {Kind: entramfa.CreateNamedLocation, TargetName: "a\n\x1bb", After: json.RawMessage("{}")},
		`addGroupMember "G": null -> "{\n"`:          {Kind: entramfa.AddGroupMember, TargetName: "G", Before: json.RawMessage("null"), After: json.RawMessage("{\n")},
	} {
		assert.Equal(t, want, fmt.Sprintf("%v", c))
		assert.Equal(t, want, fmt.Sprint(&c))
		assert.Equal(t, "["+want+"]", fmt.Sprintf("%v", []entramfa.Change{c}))
	}
}

func ExampleCombine() {
	verdict := entramfa.Combine([]entramfa.Finding{
		{Source: entramfa.SourceSecurityDefaults, Outcome: entramfa.Clear, Extent: entramfa.Never},
		{Source: entramfa.SourcePerUserMFA, Outcome: entramfa.Unknown, Missing: []string{"the per-user MFA state: permission missing"}},
	})
	fmt.Println(verdict.Outcome)
	// Output: unknown
}

func ExampleValue() {
	known := entramfa.Known(true)
	missing := entramfa.Missing[bool](errors.New("403 AccessDenied"))
	fmt.Println(known.Get())
	fmt.Println(missing.Err())
	// Output:
	// true true
	// 403 AccessDenied
}
