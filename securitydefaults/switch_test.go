package securitydefaults_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/builtinrole"
	"github.com/entramfa/entramfa/securitydefaults"
)

const singleton = "00000000-0000-0000-0000-000000000005"

// service is a tenant's switch; nil says nothing.
type service struct {
	enabled *bool
	writes  []bool
	unread  error         // of each read
	refuse  error         // of a write that then does nothing
	lose    error         // of a write that is made all the same
	delay   time.Duration // until a change shows
	due     time.Time     // when what is pending shows
	pending *bool
}

func (s *service) SecurityDefaults(context.Context) (securitydefaults.Policy, error) {
	if s.unread != nil {
		return securitydefaults.Policy{}, s.unread
	}
	if s.pending != nil && !time.Now().Before(s.due) {
		s.enabled, s.pending = s.pending, nil
	}
	return securitydefaults.Policy{ID: singleton, IsEnabled: s.enabled}, nil
}

func (s *service) UpdateSecurityDefaults(_ context.Context, enabled bool) (entramfa.Receipt, error) {
	s.writes = append(s.writes, enabled)
	if s.refuse != nil {
		return entramfa.Receipt{}, s.refuse
	}
	s.due, s.pending = time.Now().Add(s.delay), &enabled
	return entramfa.Receipt{}, s.lose
}

func TestSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := true
		s := &service{enabled: &on, delay: 4 * time.Second}
		change, err := securitydefaults.Enable(t.Context(), s)
		assert.NoError(t, err)
		assert.Nil(t, change)
		assert.Empty(t, s.writes, "they are on already")

		change, err = securitydefaults.Disable(t.Context(), s)
		require.NoError(t, err)
		assert.False(t, *s.enabled)
		assert.Equal(t, entramfa.ChangeSecurityDefaults, change.Kind)
		assert.Equal(t, singleton, change.TargetID)
		assert.JSONEq(t, `{"isEnabled": true}`, string(change.Before))
		assert.JSONEq(t, `{"isEnabled": false}`, string(change.After))
		assert.Contains(t, change.Undo, "on again")
		assert.NotEmpty(t, change.Reason)
		again, err := securitydefaults.Disable(t.Context(), s)
		assert.NoError(t, err)
		assert.Nil(t, again)

		back, err := securitydefaults.Enable(t.Context(), s)
		require.NoError(t, err)
		assert.True(t, *s.enabled)
		assert.Equal(t, change.Before, back.After)
		assert.Equal(t, change.After, back.Before)
		assert.Contains(t, back.Undo, "off again")
		assert.Equal(t, []bool{false, true}, s.writes)
		_, err = json.Marshal(back)
		assert.NoError(t, err)
	})
}

func TestSwitchFails(t *testing.T) {
	on := true
	lost := &entramfa.GraphError{Status: 502, Kind: entramfa.ErrUnavailable}
	enabledPolicies := &entramfa.GraphError{Status: 400, Code: "BadRequest", Message: "custom Conditional Access policy enabled"}
	for name, c := range map[string]struct {
		service service
		writes  int
		sent    bool
		text    string
	}{
		"not read":                       {service{unread: entramfa.ErrPermission}, 0, false, "permission missing"},
		"an answer that doesn't say":     {service{}, 0, false, "did not say"},
		"refused":                        {service{enabled: &on, refuse: enabledPolicies}, 1, false, "policy enabled"},
		"made, and the answer lost":      {service{enabled: &on, lose: lost}, 1, true, ""},
		"not made, and the answer lost":  {service{enabled: &on, refuse: lost}, 1, true, "502"},
		"made, and shown after a minute": {service{enabled: &on, delay: time.Minute}, 1, true, "did not show"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := c.service
				change, err := securitydefaults.Disable(t.Context(), &s)
				assert.Equal(t, c.sent, change != nil)
				assert.Len(t, s.writes, c.writes)
				assert.Equal(t, c.text != "", err != nil, "%v", err)
				if c.text != "" {
					assert.ErrorContains(t, err, c.text)
					assert.ErrorContains(t, err, "switch security defaults off")
				}
			})
		})
	}
	_, err := securitydefaults.Enable(t.Context(), &service{unread: errors.New("refused")})
	assert.ErrorContains(t, err, "switch security defaults on")
}

func TestAdministratorsAreBuiltInRoles(t *testing.T) {
	seen := map[string]bool{}
	for _, role := range securitydefaults.Administrators() {
		assert.Equal(t, builtinrole.Name(role.TemplateID), role.DisplayName)
		assert.NotEmpty(t, role.DisplayName)
		assert.False(t, seen[role.TemplateID])
		seen[role.TemplateID] = true
	}
	assert.Len(t, seen, 17)
}
