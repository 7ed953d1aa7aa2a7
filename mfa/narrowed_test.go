package mfa_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// narrow adds something to the policies whose name holds a text, as an administrator
// does in the portal.
func narrow(t *testing.T, tenant *graphfake.Tenant, name string, edit func(p map[string]any)) (edited int) {
	before := tenant.Before
	tenant.Before = nil
	defer func() { tenant.Before = before }()
	for _, p := range policiesOf(t, tenant) {
		if !strings.Contains(p.DisplayName, name) {
			continue
		}
		text, err := json.Marshal(p)
		require.NoError(t, err)
		var members map[string]any
		require.NoError(t, json.Unmarshal(text, &members))
		edit(members)
		text, err = json.Marshal(members)
		require.NoError(t, err)
		var changed policy.Policy
		require.NoError(t, json.Unmarshal(text, &changed))
		require.NoError(t, tenant.RemovePolicy(p.ID))
		_, err = tenant.AddPolicy(changed)
		require.NoError(t, err)
		edited++
	}
	return edited
}

// additions are what an administrator may add to a policy and Graph leaves null else.
var additions = map[string]func(p map[string]any){
	"a platform": func(p map[string]any) {
		p["conditions"].(map[string]any)["platforms"] = map[string]any{"includePlatforms": []string{"windowsPhone"}, "excludePlatforms": []string{}}
	},
	"a place": func(p map[string]any) {
		p["conditions"].(map[string]any)["locations"] = map[string]any{"includeLocations": []string{"All"}, "excludeLocations": []string{"AllTrusted"}}
	},
	"a filter for devices": func(p map[string]any) {
		p["conditions"].(map[string]any)["devices"] = map[string]any{"deviceFilter": map[string]any{"mode": "include", "rule": `device.displayName -eq "nothing"`}}
	},
	"a kind of guest": func(p map[string]any) {
		p["conditions"].(map[string]any)["users"].(map[string]any)["excludeGuestsOrExternalUsers"] = map[string]any{"@odata.type": "#microsoft.graph.conditionalAccessGuestsOrExternalUsers",
			"guestOrExternalUserTypes": "internalGuest", "externalTenants": nil}
	},
	"a risk": func(p map[string]any) {
		p["conditions"].(map[string]any)["signInRiskLevels"] = []string{"high"}
	},
	"session control": func(p map[string]any) {
		p["sessionControls"] = map[string]any{"signInFrequency": map[string]any{"isEnabled": true, "type": "hours", "value": 4, "authenticationType": "primaryAndSecondaryAuthentication", "frequencyInterval": "timeBased"}}
	},
}

// Security defaults don't go off for policies that hold for next to nobody.
func TestReplacementThatWasNarrowedBeforeTheGap(t *testing.T) {
	for name, add := range additions {
		t.Run(name, func(t *testing.T) {
			w := newTrial(t, "defaults", 0)
			lift := denied(w.tenant, defaultsPath, 0)
			_, err := w.apply(t.Context())
			require.Error(t, err)
			lift()
			require.Equal(t, 1, narrow(t, w.tenant, "Require MFA for all users", add))
			_, err = w.apply(t.Context())
			assert.ErrorContains(t, err, "somebody else changed it")
			on, err := w.tenant.SecurityDefaults(t.Context())
			require.NoError(t, err)
			assert.True(t, *on.IsEnabled, "security defaults are off")
		})
	}
}

// What an administrator made of a policy of the plan is theirs: Verify says it, and
// Rollback doesn't delete it without a word.
func TestPinThatWasNarrowedAfterwards(t *testing.T) {
	for name, add := range additions {
		t.Run(name, func(t *testing.T) {
			tenant, user, clock := licensedTenant(t)
			addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
			plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
			journal := journalAt(t)
			_, err := mfa.Apply(t.Context(), tenant, plan, journal, clock.options())
			require.NoError(t, err)
			require.Equal(t, 1, narrow(t, tenant, "for other resources", add))
			before := snapshot(t, tenant)
			v, err := mfa.Verify(t.Context(), tenant, plan, journal, &mfa.VerifyOptions{Now: clock.Now, Wait: clock.Wait})
			require.NoError(t, err)
			assert.Equal(t, mfa.ProofNo, v.Graph.Proof, v.Graph.Text)
			_, err = mfa.Rollback(t.Context(), tenant, journal, "", clock.options())
			var refused *mfa.RefusedError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, before, snapshot(t, tenant))
		})
	}
}
