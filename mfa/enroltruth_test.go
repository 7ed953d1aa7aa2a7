package mfa_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

// An administrator may set enforced without anything registered: that is no registration.
func TestEnforcedWithoutAMethodIsNotRegistered(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	require.NoError(t, tenant.SetPerUserState(user, mfa.PerUserEnforced))
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{})
	require.Equal(t, []entramfa.ChangeKind{entramfa.HumanStep}, kinds(plan))
	journal := journalAt(t)
	for _, method := range []string{"", "#microsoft.graph.emailAuthenticationMethod", "#microsoft.graph.temporaryAccessPassAuthenticationMethod"} {
		if method != "" {
			require.NoError(t, tenant.AddMethod(user, mfa.Method{Type: method}))
		}
		result, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
		require.NoError(t, err)
		assert.NotNil(t, result.Waiting, "with %q", method)
	}
	require.NoError(t, tenant.AddMethod(user, mfa.Method{Type: "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"}))
	result, err := mfa.Resume(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
	assert.Nil(t, result.Waiting)
}

// A pass that lets a person register is no registration.
func TestTemporaryAccessPassIsNoRegistration(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{ByPolicy: true})
	require.NoError(t, tenant.AddMethod(user, mfa.Method{Type: "#microsoft.graph.temporaryAccessPassAuthenticationMethod"}))
	result, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
	require.NoError(t, err)
	assert.NotNil(t, result.Waiting)
}

func TestEnrolmentOfAnAccountWithAnUnknownPerUserState(t *testing.T) {
	for _, state := range []mfa.PerUserState{"unknownFutureValue", ""} {
		tenant, user, _ := licensedTenant(t)
		facts, err := mfa.Collect(t.Context(), tenant, user)
		require.NoError(t, err)
		facts.Requirements = entramfa.Known(mfa.Requirements{PerUserMFAState: state})
		_, err = mfa.PlanEnrolment(mfa.Judge(facts, nil), &mfa.EnrolmentOptions{})
		refusedAs(t, err, mfa.GuardUnread, true)
	}
}

// What a plan says of the time after it is what a check says then.
func TestEnrolmentPlanSaysWhatACheckWillSay(t *testing.T) {
	for name, c := range map[string]struct {
		opts   mfa.EnrolmentOptions
		tenant func(*graphfake.Tenant) error
	}{
		"per-user MFA":                       {},
		"a policy":                           {opts: mfa.EnrolmentOptions{ByPolicy: true}},
		"a policy, beside security defaults": {mfa.EnrolmentOptions{ByPolicy: true}, func(tenant *graphfake.Tenant) error { return tenant.SetSecurityDefaults(true) }},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, user, time := licensedTenant(t)
			if c.tenant != nil {
				require.NoError(t, c.tenant(tenant))
			}
			plan := enrolment(t, tenant, user, &c.opts)
			require.NoError(t, tenant.Person(user, graphfake.Script{}))
			result, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), time.options())
			require.NoError(t, err)
			require.NotNil(t, result.Report)
			assert.Equal(t, result.Report.Verdict, plan.After)
		})
	}
}

func TestEmergencyAccountsOfAnEnrolmentAreObjectIDs(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	report, err := mfa.Check(t.Context(), tenant, user, nil)
	require.NoError(t, err)
	_, err = mfa.PlanEnrolment(report, &mfa.EnrolmentOptions{EmergencyAccounts: []string{"svc@contoso.com"}})
	require.ErrorContains(t, err, "would guard nobody")
}

// Whoever goes on only to look needs no role any more.
func TestResumeByACallerWhoseRoleEnded(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	operator(t, tenant, globalAdministrator)
	plan := enrolment(t, tenant, user, fullEnrolment())
	journal, options := journalAt(t), secretly(time, &vault{})
	options.Secrets.AppPassword = nil
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, options)
	require.NoError(t, err)
	require.NotNil(t, result.Waiting)
	const name = "reader@contoso.com"
	reader := tenant.AddUser(mfa.User{UserPrincipalName: name, DisplayName: "Reader", AccountEnabled: pointer(true), UserType: pointer("Member")})
	hold(t, tenant, reader, globalReader)
	tenant.Caller = mfa.Identity{Kind: mfa.IdentityUser, ID: reader, Name: name, TenantID: tenant.ID()}
	result, err = mfa.Resume(t.Context(), tenant, journal, "", secretly(time, &vault{}))
	require.NoError(t, err)
	assert.Nil(t, result.Waiting)
}

func TestPermissionsOfAReset(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	plan := enrolment(t, tenant, user, &mfa.EnrolmentOptions{SetPassword: true, ByReset: true})
	assert.Contains(t, plan.Permissions, "UserAuthMethod-Password.ReadWrite.All")
	assert.NotContains(t, plan.Permissions, "User-PasswordProfile.ReadWrite.All", "that opens another call")
}

// Whoever can write the file of a plan must not be able to hand a password over under
// another name, or to break the legacy clients of an account by its rollback.
func TestTamperedEnrolmentIsRefused(t *testing.T) {
	for name, edit := range map[string]func(*mfa.Plan){
		"another name": func(p *mfa.Plan) {
			p.Account.UserPrincipalName = "other@contoso.com"
			for i := range p.Changes {
				if h := p.Changes[i].Human; h != nil {
					h.Text = "sign in as other@contoso.com with its new password and confirm the code that the phone gets, or register Microsoft Authenticator"
				}
			}
		},
		"a rollback to enforced": func(p *mfa.Plan) { p.Changes[1].Before = raw(`{"perUserMfaState":"enforced"}`) },
		"another phone": func(p *mfa.Plan) {
			p.Changes[1].Kind, p.Changes[1].TargetID = entramfa.ChangePhoneMethod, "e37fc753-ff3b-4958-9484-eaa9425c82bc"
		},
	} {
		t.Run(name, func(t *testing.T) {
			tenant, user, time := licensedTenant(t)
			plan := tampered(t, enrolment(t, tenant, user, &mfa.EnrolmentOptions{SetPassword: true}), edit)
			before, kept := snapshot(t, tenant), &vault{}
			_, err := mfa.Apply(t.Context(), tenant, plan, journalAt(t), secretly(time, kept))
			require.Error(t, err)
			assert.Equal(t, before, snapshot(t, tenant))
			assert.Empty(t, kept.kept)
		})
	}
}

// A plan waits for days, in which the library may be upgraded: what an earlier version
// said to the person is no other plan.
func TestWordingOfAnEarlierVersionIsResumed(t *testing.T) {
	tenant, user, time := licensedTenant(t)
	plan := tampered(t, enrolment(t, tenant, user, &mfa.EnrolmentOptions{}), func(p *mfa.Plan) {
		p.Changes[1].Human.Text = "sign in as svc@contoso.com with its new password and confirm the code that the phone gets, or register Microsoft Authenticator"
	})
	journal := journalAt(t)
	result, err := mfa.Apply(t.Context(), tenant, plan, journal, time.options())
	require.NoError(t, err)
	require.NotNil(t, result.Waiting)
	require.NoError(t, tenant.Person(user, graphfake.Script{}))
	result, err = mfa.Resume(t.Context(), tenant, journal, "", time.options())
	require.NoError(t, err)
	assert.Nil(t, result.Waiting)
}

// What is said to the person is compared with what a stored plan says: who words it
// otherwise keeps what it said before among the wordings, and adds a line here.
func TestWordingsOfToday(t *testing.T) {
	tenant, user, _ := licensedTenant(t)
	var said []string
	for _, c := range enrolment(t, tenant, user, &mfa.EnrolmentOptions{AppPassword: true}).Changes {
		if c.Human != nil {
			said = append(said, c.Human.Address+" "+c.Human.Text)
		}
	}
	assert.Equal(t, []string{
		"https://mysignins.microsoft.com/security-info sign in as svc@contoso.com, and confirm the code that its phone gets, or register Microsoft Authenticator",
		"https://mysignins.microsoft.com/security-info add a sign-in method, choose App password, name it after the product, and hand in what is shown once",
	}, said)
}
