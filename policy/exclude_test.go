package policy_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

const policyID = "c0000000-0000-4000-8000-000000000001"

// service has one policy. A change shows after a delay; meanwhile
// somebody else may change the policy.
type service struct {
	policy  policy.Policy
	patches []policy.Patch
	refuse  error         // of a write that then does nothing
	lose    error         // of a write that is made all the same
	delay   time.Duration // until a change shows
	someone func(p *policy.Policy)
	due     time.Time // when what is pending shows
	pending func()
}

// later makes a change once its time has come.
func (s *service) later(change func()) { s.due, s.pending = time.Now().Add(s.delay), change }

func (s *service) catchUp() {
	if s.pending != nil && !time.Now().Before(s.due) {
		s.pending()
		s.pending = nil
	}
}

func (s *service) Policy(_ context.Context, id string) (policy.Policy, error) {
	s.catchUp()
	if id != policyID {
		return policy.Policy{}, entramfa.ErrNotFound
	}
	return s.policy, nil
}

func (s *service) UpdatePolicy(_ context.Context, _ string, patch policy.Patch) (entramfa.Receipt, error) {
	s.patches = append(s.patches, patch)
	if s.refuse != nil {
		return entramfa.Receipt{}, s.refuse
	}
	s.later(func() {
		now := "2026-11-01T10:00:00Z"
		s.policy = s.policy.Patched(patch)
		s.policy.ModifiedDateTime = &now
		if s.someone != nil {
			s.someone(&s.policy)
		}
	})
	return entramfa.Receipt{}, s.lose
}

// serviceWith is a policy as Graph sends one that excludes some users.
func serviceWith(t *testing.T, excluded ...string) *service {
	t.Helper()
	list, err := json.Marshal(append([]string{}, excluded...))
	require.NoError(t, err)
	s := &service{policy: read(t, "id", `"`+policyID+`"`, "conditions", `{"clientAppTypes": ["all"], "users": {"includeUsers": ["All"], "excludeUsers": `+string(list)+`}}`)}
	return s
}

func excluding(p *policy.Policy, ids ...string) {
	*p = p.Patched(policy.Patch{ExcludeUsers: ids})
}

// busy refuses the first writes, and lets somebody else write meanwhile.
type busy struct {
	*service
	times int
	other string
}

func (b *busy) UpdatePolicy(ctx context.Context, id string, patch policy.Patch) (entramfa.Receipt, error) {
	if b.times == 0 {
		return b.service.UpdatePolicy(ctx, id, patch)
	}
	b.times--
	excluding(&b.policy, append(append([]string{}, b.policy.Conditions.Users.ExcludeUsers...), b.other)...)
	return entramfa.Receipt{}, &entramfa.GraphError{Status: 429, Kind: entramfa.ErrThrottled, RetryAfter: 7 * time.Second}
}

// What somebody else excludes while a throttled write waits is in the list that is sent.
func TestExcludeReadsAgainAfterItWasThrottled(t *testing.T) {
	const other = "b0000000-0000-4000-8000-000000000009"
	synctest.Test(t, func(t *testing.T) {
		s := &busy{service: serviceWith(t, someone), times: 1, other: other}
		change, err := policy.Exclude(t.Context(), s, policyID, account)
		require.NoError(t, err)
		assert.Equal(t, []string{someone, other, account}, s.policy.Conditions.Users.ExcludeUsers)
		assert.JSONEq(t, `{"conditions": {"users": {"excludeUsers": ["`+someone+`", "`+other+`"]}}}`, string(change.Before))
	})
}

func TestExclude(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serviceWith(t, someone)
		s.delay = 5 * time.Second
		change, err := policy.Exclude(t.Context(), s, policyID, account)
		require.NoError(t, err)
		require.Len(t, s.patches, 1)
		assert.Equal(t, policy.Patch{ExcludeUsers: []string{someone, account}}, s.patches[0], "the whole list and nothing else")
		assert.Equal(t, []string{someone, account}, s.policy.Conditions.Users.ExcludeUsers)
		assert.Equal(t, entramfa.ChangePolicy, change.Kind)
		assert.Equal(t, policyID, change.TargetID)
		assert.Equal(t, "P", change.TargetName)
		assert.JSONEq(t, `{"conditions": {"users": {"excludeUsers": ["`+someone+`"]}}}`, string(change.Before))
		assert.JSONEq(t, `{"conditions": {"users": {"excludeUsers": ["`+someone+`", "`+account+`"]}}}`, string(change.After))
		assert.Contains(t, change.Reason, account)
		assert.Contains(t, change.Undo, "out of")

		again, err := policy.Exclude(t.Context(), s, policyID, strings.ToUpper(account))
		assert.NoError(t, err)
		assert.Nil(t, again, "ids are compared without case")
		assert.Len(t, s.patches, 1)

		back, err := policy.Include(t.Context(), s, policyID, strings.ToUpper(account))
		require.NoError(t, err)
		assert.Equal(t, []string{someone}, s.patches[1].ExcludeUsers)
		assert.JSONEq(t, string(change.After), string(back.Before))
		assert.JSONEq(t, string(change.Before), string(back.After))
		assert.Contains(t, back.Undo, "among")
		again, err = policy.Include(t.Context(), s, policyID, account)
		assert.NoError(t, err)
		assert.Nil(t, again)
		assert.Len(t, s.patches, 2)
	})
}

// The last exclusion that goes leaves an empty list, which is sent.
func TestIncludeOfTheOnlyExclusion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serviceWith(t, account, strings.ToUpper(account))
		_, err := policy.Include(t.Context(), s, policyID, account)
		require.NoError(t, err)
		text, err := json.Marshal(s.patches[0])
		require.NoError(t, err)
		assert.JSONEq(t, `{"conditions": {"users": {"excludeUsers": []}}}`, string(text))
		assert.Empty(t, s.policy.Conditions.Users.ExcludeUsers)
	})
}

func TestExcludeWithoutAWrite(t *testing.T) {
	partial := func(users string) *service {
		return &service{policy: read(t, "id", `"`+policyID+`"`, "conditions", `{"users": `+users+`}`)}
	}
	for name, c := range map[string]struct {
		service    *service
		policy, id string
		text       string
	}{
		"a user by name":         {serviceWith(t), policyID, "svc@contoso.com", "object ids"},
		"everybody":              {serviceWith(t), policyID, "All", "object ids"},
		"a policy by name":       {serviceWith(t), "MFA for all", account, "object ids"},
		"a policy that is gone":  {serviceWith(t), someone, account, "not found"},
		"no conditions":          {partial("null"), policyID, account, "no conditions.users"},
		"no list in the answer":  {partial(`{"includeUsers": ["All"]}`), policyID, account, "no conditions.users.excludeUsers"},
		"a list of which a part": {partial(`{"excludeUsers": [], "excludeUsers@odata.nextLink": "https://x"}`), policyID, account, "a part"},
	} {
		change, err := policy.Exclude(t.Context(), c.service, c.policy, c.id)
		assert.ErrorContains(t, err, c.text, name)
		assert.Nil(t, change, name)
		assert.Empty(t, c.service.patches, name)
	}
	_, err := policy.Include(t.Context(), partial(`{"includeUsers": ["All"]}`), policyID, account)
	assert.Error(t, err, "what isn't known isn't taken for nobody")
}

func TestExcludeSeesWhatOthersDo(t *testing.T) {
	off := policy.StateDisabled
	for name, c := range map[string]struct {
		someone  func(p *policy.Policy)
		conflict []string
	}{
		"nobody does anything":            {nil, nil},
		"an exclusion more":               {func(p *policy.Policy) { excluding(p, someone, account, direct) }, nil},
		"the list in another order":       {func(p *policy.Policy) { excluding(p, account, strings.ToUpper(someone)) }, nil},
		"an exclusion less":               {func(p *policy.Policy) { excluding(p, account) }, []string{someone + " -> " + account}},
		"the state":                       {func(p *policy.Policy) { *p = p.Patched(policy.Patch{State: &off}) }, []string{`state: "enabled" -> "disabled"`}},
		"the state and an exclusion less": {func(p *policy.Policy) { *p = p.Patched(policy.Patch{State: &off, ExcludeUsers: []string{account}}) }, []string{`"enabled" -> "disabled"`, someone + " -> " + account}},
		"the controls":                    {func(p *policy.Policy) { p.GrantControls = nil }, []string{"grantControls: ", "-> null"}},
		"our change is overwritten":       {func(p *policy.Policy) { excluding(p, direct) }, []string{someone + " -> " + direct, "did not show"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serviceWith(t, someone)
				s.someone = c.someone
				change, err := policy.Exclude(t.Context(), s, policyID, account)
				assert.NotNil(t, change, "it was sent")
				assert.Equal(t, c.conflict != nil, errors.Is(err, entramfa.ErrConflict), "%v", err)
				if c.conflict == nil {
					assert.NoError(t, err)
				}
				for _, text := range c.conflict {
					assert.ErrorContains(t, err, text)
				}
			})
		})
	}
}

func TestExcludeWhenTheAnswerIsAnError(t *testing.T) {
	lost := &entramfa.GraphError{Status: 503, Kind: entramfa.ErrUnavailable}
	for name, c := range map[string]struct {
		service service
		sent    bool
		is      error
	}{
		"made, and the answer lost":      {service{lose: lost}, true, nil},
		"not made, and the answer lost":  {service{refuse: lost}, true, entramfa.ErrUnavailable},
		"refused for lack of a right":    {service{refuse: entramfa.ErrPermission}, false, entramfa.ErrPermission},
		"refused for lack of a licence":  {service{refuse: &entramfa.GraphError{Status: 403, Kind: entramfa.ErrLicense}}, false, entramfa.ErrLicense},
		"made, and shown after a minute": {service{delay: time.Minute}, true, errors.New("did not show")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := c.service
				s.policy = serviceWith(t, someone).policy
				change, err := policy.Exclude(t.Context(), &s, policyID, account)
				assert.Equal(t, c.sent, change != nil, "what may have been made is told")
				assert.Len(t, s.patches, 1, "it is sent once")
				switch {
				case c.is == nil:
					assert.NoError(t, err)
				case !errors.Is(err, c.is):
					assert.ErrorContains(t, err, c.is.Error())
				}
				assert.NotErrorIs(t, err, entramfa.ErrConflict)
			})
		})
	}
}
