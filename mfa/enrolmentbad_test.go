package mfa_test

import (
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

const (
	globalAdministrator         = policy.GlobalAdministrator
	privilegedAuthentication    = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
	authenticationPolicies      = "0526716b-113d-4c15-b2c8-68e3c22b9f80"
	authenticationAdministrator = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
)

// operator is an account with these roles that calls the tenant.
func operator(t *testing.T, tenant *graphfake.Tenant, roles ...string) mfa.Identity {
	t.Helper()
	const name = "operator@contoso.com"
	id := tenant.AddUser(mfa.User{UserPrincipalName: name, DisplayName: "Operator", AccountEnabled: pointer(true), UserType: pointer("Member")})
	hold(t, tenant, id, roles...)
	tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: id, Name: name, TenantID: tenant.ID()}
	return tenant.Caller
}

func hold(t *testing.T, tenant *graphfake.Tenant, user string, roles ...string) {
	t.Helper()
	for _, role := range roles {
		_, err := tenant.AssignRole(policy.RoleAssignment{PrincipalID: user, RoleDefinitionID: role})
		require.NoError(t, err)
	}
}

func secretly(time *clock, v *vault) *mfa.ApplyOptions {
	options := time.options()
	options.Secrets = secretsFor(v)
	return options
}

func TestEnrolmentOfAnAccountThatIsDeletedOnTheWay(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{SetPassword: true, AppPassword: true})
	journal := journalAt(t)
	kept := &vault{}
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, kept))
	require.NoError(t, err)
	require.NotNil(t, result.Waiting)

	require.NoError(t, tenant.Delete(user))
	before := snapshot(t, tenant)
	for range 2 {
		_, err = mfa.Resume(t.Context(), tenant, journal, "", secretly(time, kept))
		require.ErrorIs(t, err, entramfa.ErrNotFound)
	}
	assert.Len(t, kept.kept, 1, "nothing more is handed over")

	result, err = mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err, "what is gone stands in the way of nothing")
	assert.Contains(t, strings.Join(result.NotUndone, "\n"), "svc@contoso.com was deleted since")
	assert.Equal(t, before, snapshot(t, tenant))
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
}

// An account is its object id: whoever has its name by now is another one.
func TestEnrolmentOfAnAccountThatBecomesAnotherOnTheWay(t *testing.T) {
	svc := func(change func(*mfa.User)) mfa.User {
		u := mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Service", AccountEnabled: pointer(true), UserType: pointer("Member")}
		change(&u)
		return u
	}
	for name, c := range map[string]struct {
		becomes func(tenant *graphfake.Tenant, user string)
		says    string
	}{
		"disabled": {func(tenant *graphfake.Tenant, user string) {
			tenant.AddUser(svc(func(u *mfa.User) { u.ID, u.AccountEnabled = user, pointer(false) }))
		}, "svc@contoso.com changed"},
		"synchronized": {func(tenant *graphfake.Tenant, user string) {
			tenant.AddUser(svc(func(u *mfa.User) { u.ID, u.OnPremisesSyncEnabled = user, pointer(true) }))
		}, "svc@contoso.com changed"},
		"renamed, and its name given away": {func(tenant *graphfake.Tenant, user string) {
			tenant.AddUser(svc(func(u *mfa.User) { u.ID, u.UserPrincipalName = user, "old@contoso.com" }))
			tenant.AddUser(svc(func(*mfa.User) {}))
		}, "the account is old@contoso.com"},
		"deleted, and made again": {func(tenant *graphfake.Tenant, user string) {
			assert.NoError(t, tenant.Delete(user))
			tenant.AddUser(svc(func(*mfa.User) {}))
		}, "no account \""},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, user, time := licensedTenant(t)
			plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{SetPassword: true, AppPassword: true})
			journal, kept := journalAt(t), &vault{fail: 1}
			_, err := mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, kept))
			require.ErrorContains(t, err, "sink", "the password is to be set again")
			c.becomes(tenant, user)
			before := snapshot(t, tenant)
			_, err = mfa.Resume(t.Context(), tenant, journal, "", secretly(time, kept))
			require.ErrorContains(t, err, c.says)
			assert.Equal(t, before, snapshot(t, tenant), "nobody gets another password")
			assert.Empty(t, kept.kept)
			_, err = mfa.Rollback(t.Context(), tenant, journal, "", time.options())
			require.NoError(t, err)
		})
	}
}

func TestAccountDeletedBetweenTwoChangesOfAnEnrolment(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, fullEnrolment())
	journal := journalAt(t)
	kept := &vault{}
	options := secretly(time, kept)
	options.Progress = func(at mfa.Progress) {
		if at.Stage == mfa.StageBegun && at.Change.Kind == entramfa.SetPassword {
			assert.NoError(t, tenant.Delete(user))
		}
	}
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	var failed *mfa.ChangeError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, entramfa.SetPassword, failed.Change.Kind)
	require.ErrorIs(t, err, entramfa.ErrNotFound)
	assert.Empty(t, kept.kept, "a password that was not set is handed to nobody")
	assert.Equal(t, []string{"made", "made", "notBegun"}, []string{result.Changes[0].State, result.Changes[1].State, result.Changes[2].State})
}

func TestEnrolmentOfOneOfTwoAccountsOfOneName(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	const name = "Cloud App Security Service Account for SharePoint"
	twin := tenant.AddUser(mfa.User{UserPrincipalName: "twin@contoso.com", DisplayName: name, AccountEnabled: pointer(true), UserType: pointer("Member")})
	report, err := mfa.Check(t.Context(), tenant, name, nil)
	require.ErrorIs(t, err, entramfa.ErrAmbiguous)
	var ambiguous *entramfa.AccountError
	require.ErrorAs(t, err, &ambiguous)
	var ids []string
	for _, c := range ambiguous.Candidates {
		ids = append(ids, c.ID)
	}
	assert.ElementsMatch(t, []string{user, twin}, ids)
	_, err = mfa.PlanEnrolment(report, fullEnrolment())
	require.Error(t, err, "and nothing is planned for either")
}

func TestEnrolmentInACloudWithoutPhoneMethods(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	tenant.NoPhoneAPI = true
	opts := fullEnrolment()
	plan := enrolment(t, tenant, user, opts)
	before := snapshot(t, tenant)
	kept := &vault{}
	journal := journalAt(t)
	_, err := mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, kept))
	var failed *mfa.ChangeError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, entramfa.AddPhoneMethod, failed.Change.Kind)
	assert.Contains(t, err.Error(), "phoneMethods")
	assert.Empty(t, kept.kept, "the password is not changed before it")
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
	assert.Equal(t, before, snapshot(t, tenant))
	// Without a phone the enrolment works: the person registers an app.
	opts.Phone = mfa.Secret{}
	result, err := mfa.Apply(t.Context(), tenant, enrolment(t, tenant, user, opts), journalAt(t), secretly(time, kept))
	require.NoError(t, err)
	assert.NotNil(t, result.Waiting)
}

// Who may not enrol an account learns it before anything is written, from the plan
// where it is known who will apply it, and from Apply else.
func TestEnrolmentByACallerWithoutTheRole(t *testing.T) {
	for name, c := range map[string]struct {
		caller, target []string
		phone          bool
		refused        bool
	}{
		"no role":                      {nil, nil, true, true},
		"Authentication Administrator": {[]string{authenticationAdministrator, authenticationPolicies}, nil, true, false},
		"Authentication Administrator, of a chief": {[]string{authenticationAdministrator, authenticationPolicies}, []string{globalAdministrator}, true, true},
		"Privileged Authentication Administrator":  {[]string{privilegedAuthentication, authenticationPolicies}, []string{globalAdministrator}, true, false},
		"the same, without the per-user state":     {[]string{privilegedAuthentication}, []string{globalAdministrator}, true, true},
		"Global Administrator":                     {[]string{globalAdministrator}, []string{globalAdministrator}, true, false},
		"User Administrator, of a reader":          {[]string{userAdministrator, authenticationPolicies}, []string{directoryReaders}, false, false},
		"User Administrator, who sets no phones":   {[]string{userAdministrator, authenticationPolicies}, []string{directoryReaders}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, user, time := licensedTenant(t)
			hold(t, tenant, user, c.target...)
			opts := &mfa.EnrolmentOptions{SetPassword: true}
			if c.phone {
				opts.Phone = mfa.NewSecret(phoneNumber)
			}
			caller := operator(t, tenant, c.caller...)
			plan := enrolment(t, tenant, user, opts)
			before := snapshot(t, tenant)
			path := journalAt(t)
			_, err := mfa.Apply(t.Context(), tenant, plan, path, secretly(time, &vault{}))
			refusedAs(t, err, mfa.GuardRole, c.refused)
			entries, readErr := path.Entries()
			require.NoError(t, readErr)
			if c.refused {
				assert.Equal(t, before, snapshot(t, tenant))
				assert.Empty(t, entries)
			}

			report, err := mfa.Check(t.Context(), tenant, user, nil)
			require.NoError(t, err)
			held, err := tenant.RoleAssignments(t.Context(), caller.ID)
			require.NoError(t, err)
			opts.Caller, opts.CallerRoles = &caller, held
			_, err = mfa.PlanEnrolment(report, opts)
			if c.refused {
				refusedAs(t, err, mfa.GuardRole, true)
			}
		})
	}
}

func refusedAs(t *testing.T, err error, guard mfa.Guard, wanted bool) {
	t.Helper()
	if !wanted {
		require.NoError(t, err)
		return
	}
	var refused *mfa.RefusedError
	require.ErrorAs(t, err, &refused)
	assert.True(t, refused.Has(guard), "%v", err)
}

// The profile of a synchronized account is not the cloud's; its methods are.
func TestEnrolmentOfASynchronizedAccountByPhoneAlone(t *testing.T) {
	tenant, _, time := licensedTenant(t)
	user := tenant.AddUser(mfa.User{
		UserPrincipalName: "synced@contoso.com", DisplayName: "Synced", AccountEnabled: pointer(true), UserType: pointer("Member"), OnPremisesSyncEnabled: pointer(true),
	})
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{Phone: mfa.NewSecret(phoneNumber)})
	assert.Equal(t, []entramfa.ChangeKind{entramfa.AddPhoneMethod, entramfa.ChangePerUserMFA, entramfa.HumanStep}, kinds(plan))
	assert.NotContains(t, plan.Permissions, "User-Phone.ReadWrite.All")
	before := snapshot(t, tenant)
	journal := journalAt(t)
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, &vault{}))
	require.NoError(t, err)
	assert.Nil(t, result.Waiting)
	contact, err := tenant.MobilePhone(t.Context(), user)
	require.NoError(t, err)
	assert.Nil(t, contact)
	_, err = mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
	assert.Equal(t, before, snapshot(t, tenant))
}

func TestEnrolmentByResetPassword(t *testing.T) {
	byReset := func(t *testing.T, roles ...string) (*graphfake.Tenant, mfa.Plan, *clock) {
		tenant, user, time := licensedTenant(t)
		operator(t, tenant, roles...)
		require.NoError(t, tenant.GivePassword(user, "The-former-0ne!"))
		return tenant, enrolment(t, tenant, user, &mfa.EnrolmentOptions{SetPassword: true, ByReset: true}), time
	}
	t.Run("it runs, and succeeds", func(t *testing.T) {
		tenant, plan, time := byReset(t, globalAdministrator)
		tenant.PasswordResetTakes = 20 * seconds
		began, kept := time.now, &vault{}
		result, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), secretly(time, kept))
		require.NoError(t, err)
		assert.NotNil(t, result.Waiting)
		assert.GreaterOrEqual(t, time.now.Sub(began), 20*seconds, "it was waited for")
		require.Len(t, kept.kept, 1)
		assert.Equal(t, given, kept.kept[0].Secret.Reveal())
	})
	t.Run("it fails", func(t *testing.T) {
		tenant, plan, time := byReset(t, globalAdministrator)
		tenant.PasswordResetFails = "PolicyViolation"
		kept, journal := &vault{}, journalAt(t)
		_, err := mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, kept))
		var failed *mfa.ChangeError
		require.ErrorAs(t, err, &failed)
		assert.ErrorContains(t, err, "the reset failed: PolicyViolation")
		assert.Empty(t, kept.kept, "it is not the password")
		tenant.PasswordResetFails = ""
		_, err = mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, kept))
		require.NoError(t, err)
		assert.Len(t, kept.kept, 1)
	})
	t.Run("it does not end", func(t *testing.T) {
		tenant, plan, time := byReset(t, globalAdministrator)
		tenant.PasswordResetTakes = time1h
		kept := &vault{}
		_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), secretly(time, kept))
		assert.ErrorContains(t, err, "the reset is still running")
		assert.Empty(t, kept.kept)
	})
	t.Run("an application may not", func(t *testing.T) {
		tenant, plan, time := byReset(t, globalAdministrator)
		tenant.Caller = mfa.Identity{}
		before, journal := snapshot(t, tenant), journalAt(t)
		_, err := mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, &vault{}))
		refusedAs(t, err, mfa.GuardRole, true)
		assert.ErrorContains(t, err, "no application")
		assert.Equal(t, before, snapshot(t, tenant))
	})
}

const (
	seconds = time.Second
	time1h  = time.Hour
)

func TestEnrolmentByPolicy(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	before := snapshot(t, tenant)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{ByPolicy: true})
	require.Equal(t, []entramfa.ChangeKind{entramfa.CreatePolicy, entramfa.HumanStep}, kinds(plan))
	journal := journalAt(t)
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.NoError(t, err)
	require.NotNil(t, result.Waiting)
	created, err := tenant.Policy(t.Context(), result.Changes[0].TargetID)
	require.NoError(t, err)
	assert.Equal(t, policy.StateEnabled, created.State)
	assert.Equal(t, []string{user}, created.Conditions.Users.IncludeUsers)
	state, err := tenant.Requirements(t.Context(), user)
	require.NoError(t, err)
	assert.Equal(t, mfa.PerUserDisabled, state.PerUserMFAState)

	require.NoError(t, tenant.Person(user, graphfake.Script{}))
	result, err = mfa.Resume(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
	assert.Nil(t, result.Waiting, "the report on registrations tells it, where no state moves")
	require.NotNil(t, result.Report)
	assert.Equal(t, entramfa.MFA, result.Report.Outcome)

	result, err = mfa.Rollback(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
	assert.Equal(t, "undone", result.Changes[0].State)
	_, err = tenant.Policy(t.Context(), created.ID)
	require.ErrorIs(t, err, entramfa.ErrNotFound)
	methods, err := tenant.Methods(t.Context(), user)
	require.NoError(t, err)
	assert.Len(t, methods, 2, "what the person registered stays")
	assert.NotEqual(t, before, snapshot(t, tenant))
}

func TestEnrolmentByPolicyBesideSecurityDefaults(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	require.NoError(t, tenant.SetSecurityDefaults(true))
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{ByPolicy: true})
	assert.Equal(t, []entramfa.ChangeKind{entramfa.HumanStep}, kinds(plan))
	assert.Contains(t, plan.Notes[0], "security defaults are on")
	time := newClock()
	tenant.Clock = time.Now
	journal := journalAt(t)
	before := snapshot(t, tenant)
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.NoError(t, err)
	assert.NotNil(t, result.Waiting)
	assert.Equal(t, before, snapshot(t, tenant), "nothing is written")
}

func TestEnrolmentByPolicyNeedsALicence(t *testing.T) {
	tenant, user, _ := newTenant(t)
	report, err := mfa.Check(t.Context(), tenant, user, nil)
	require.NoError(t, err)
	_, err = mfa.PlanEnrolment(report, &mfa.EnrolmentOptions{ByPolicy: true})
	require.ErrorContains(t, err, "no Entra ID P1")
	_, err = mfa.PlanEnrolment(report, &mfa.EnrolmentOptions{ByPolicy: true, AppPassword: true})
	require.ErrorContains(t, err, "app passwords are offered only")
}

// A plan is stored and read again: whoever changes the file must not send a person to
// another page.
func TestEnrolmentWhosePageWasChangedIsNotUsed(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	for name, change := range map[string]func(*mfa.Plan){
		"another page":    func(p *mfa.Plan) { p.Changes[1].Human.Address = "https://mysignins.example/security-info" },
		"a page in text":  func(p *mfa.Plan) { p.Changes[1].Human.Text = "go to https://mysignins.example instead" },
		"another account": func(p *mfa.Plan) { p.Changes[0].TargetID = partnerTenant },
		"another proof":   func(p *mfa.Plan) { p.Changes[1].Human.Done = "trusted" },
	} {
		plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{})
		require.Len(t, plan.Changes, 2)
		change(&plan)
		_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
		assert.ErrorContains(t, err, "it is not used", name)
	}
}

// What stood in the profile is not read for a plan: the journal knows it.
func TestRollbackOfANumberThatReplacedAnother(t *testing.T) {
	for former, undoes := range map[string]bool{"+31 687654321": true, "+1 2065550134": false} {
		tenant, user, time := licensedTenant(t)
		_, err := tenant.UpdateMobilePhone(t.Context(), user, mfa.NewSecret(former))
		require.NoError(t, err)
		plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{Phone: mfa.NewSecret(phoneNumber)})
		before, journal := snapshot(t, tenant), journalAt(t)
		_, err = mfa.Apply(t.Context(), tenant, plan, journal, secretly(time, &vault{}))
		require.NoError(t, err)
		options := time.options()
		if undoes {
			_, err = mfa.Rollback(t.Context(), tenant, journal, "", options)
			require.ErrorContains(t, err, "FormerPhone")
			options.Secrets = &mfa.Secrets{FormerPhone: mfa.NewSecret(former)}
		}
		result, err := mfa.Rollback(t.Context(), tenant, journal, "", options)
		require.NoError(t, err)
		assert.Equal(t, "undone", result.Changes[0].State)
		number, err := tenant.MobilePhone(t.Context(), user)
		require.NoError(t, err)
		assert.True(t, number.Is(mfa.NewSecret(former)))
		assert.Equal(t, before, snapshot(t, tenant))
	}
}
