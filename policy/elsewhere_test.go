package policy_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/policy"
)

// read decodes a policy as Graph sends one, with some members replaced.
func read(t *testing.T, members ...string) policy.Policy {
	t.Helper()
	whole := map[string]json.RawMessage{
		"id": json.RawMessage(`"p"`), "displayName": json.RawMessage(`"P"`), "state": json.RawMessage(`"enabled"`),
		"modifiedDateTime": json.RawMessage(`null`), "sessionControls": json.RawMessage(`null`),
		"conditions": json.RawMessage(`{"clientAppTypes": ["browser", "other"], "platforms": null,
			"users": {"includeUsers": ["All"], "excludeUsers": ["` + someone + `"], "includeGroups": []}}`),
		"grantControls": json.RawMessage(`{"operator": "OR", "builtInControls": ["mfa", "compliantDevice"], "weight": 1}`),
	}
	for i := 0; i < len(members); i += 2 {
		whole[members[i]] = json.RawMessage(members[i+1])
	}
	text, err := json.Marshal(whole)
	require.NoError(t, err)
	var p policy.Policy
	require.NoError(t, json.Unmarshal(text, &p))
	return p
}

func conditions(rest string) string {
	return `{"clientAppTypes": ["browser", "other"], "platforms": null, "users": {"includeUsers": ["All"], "excludeUsers": ["` + someone + `"], "includeGroups": []}` + rest + `}`
}

func TestElsewhere(t *testing.T) {
	on := policy.StateEnabled
	users, state := policy.Patch{ExcludeUsers: []string{}}, policy.Patch{State: &on}
	for name, c := range map[string]struct {
		patch   policy.Patch
		members []string
		want    []string
	}{
		"the same":              {users, nil, nil},
		"when it was changed":   {users, []string{"modifiedDateTime", `"2026-11-01T10:00:00Z"`, "@odata.etag", `"1"`}, nil},
		"the list of the patch": {users, []string{"conditions", `{"clientAppTypes": ["browser", "other"], "platforms": null, "users": {"excludeUsers": [], "includeUsers": ["All"], "includeGroups": []}}`}, nil},
		"the list that no patch changes": {state, []string{"conditions", `{"clientAppTypes": ["browser", "other"], "platforms": null, "users": {"excludeUsers": [], "includeUsers": ["All"], "includeGroups": []}}`},
			[]string{`conditions.users.excludeUsers: ["` + someone + `"] -> []`}},
		"the state of the patch":          {state, []string{"state", `"disabled"`}, nil},
		"the state that no patch changes": {users, []string{"state", `"disabled"`}, []string{`state: "enabled" -> "disabled"`}},
		"the order of a list":             {users, []string{"grantControls", `{"operator": "OR", "builtInControls": ["compliantDevice", "mfa"], "weight": 1}`}, nil},
		"an entry twice": {users, []string{"grantControls", `{"operator": "OR", "builtInControls": ["mfa", "compliantDevice", "mfa"], "weight": 1}`},
			[]string{`grantControls.builtInControls: ["mfa","compliantDevice"] -> ["mfa","compliantDevice","mfa"]`}},
		"null and an empty list":     {users, []string{"conditions", conditions(`, "userRiskLevels": []`)}, []string{`conditions.userRiskLevels: absent -> []`}},
		"null and an object":         {users, []string{"sessionControls", `{}`}, []string{`sessionControls: null -> {}`}},
		"absence and null":           {users, []string{"conditions", conditions(`, "locations": null`)}, []string{`conditions.locations: absent -> null`}},
		"a member of a newer schema": {users, []string{"moon", `"full"`}, []string{`moon: absent -> "full"`}},
		"a number of a newer schema": {users, []string{"grantControls", `{"operator": "OR", "builtInControls": ["mfa", "compliantDevice"], "weight": 2}`}, []string{`grantControls.weight: 1 -> 2`}},
		"a list of groups beside the users": {users, []string{"conditions", `{"clientAppTypes": ["browser", "other"], "platforms": null, "users": {"includeUsers": ["All"], "excludeUsers": [], "includeGroups": null}}`},
			[]string{`conditions.users.includeGroups: [] -> null`}},
		"several":              {policy.Patch{}, []string{"state", `"disabled"`, "displayName", `"Q"`}, []string{`displayName: "P" -> "Q"`, `state: "enabled" -> "disabled"`}},
		"no conditions at all": {users, []string{"conditions", `null`}, []string{fmt.Sprintf(`conditions: %s -> null`, `{"clientAppTypes":["browser","other"],"platforms":null,"users":{"includeGroups":[],"includeUsers":["All"]}}`)}},
	} {
		got, err := c.patch.Elsewhere(read(t), read(t, c.members...))
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
		back, err := c.patch.Elsewhere(read(t, c.members...), read(t))
		require.NoError(t, err, name)
		assert.Len(t, back, len(c.want), name)
	}
}

func TestElsewhereRefusesWhatIsNoJSON(t *testing.T) {
	broken := policy.Policy{ID: "p", SessionControls: &policy.SessionControls{SignInFrequency: json.RawMessage("{")}}
	_, err := policy.Patch{}.Elsewhere(policy.Policy{}, broken)
	assert.ErrorContains(t, err, "the policy p")
	_, err = policy.Patch{}.Elsewhere(broken, policy.Policy{})
	assert.ErrorContains(t, err, "the policy p")
}

// A patch applied to a policy changes nothing elsewhere, whatever the policy says.
func TestPatchedDiffersNowhereElse(t *testing.T) {
	off := policy.StateDisabled
	patch := policy.Patch{State: &off, ExcludeUsers: []string{account}}
	for _, p := range []policy.Policy{read(t), read(t, "moon", `{"phase": [1, 2]}`), read(t, "sessionControls", `{"signInFrequency": {"value": 4}}`)} {
		got, err := patch.Elsewhere(p, p.Patched(patch))
		require.NoError(t, err)
		assert.Empty(t, got)
	}
}
