package mfa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// EnrolmentOptions change what PlanEnrolment plans. The zero EnrolmentOptions and nil
// mean the same: the registration alone, by the legacy switch.
type EnrolmentOptions struct {
	// Phone is the mobile phone to register, in the international form of E.164; the
	// plan shows its last digits, and Apply asks for it again. The zero Secret
	// registers none.
	Phone Secret
	// SetPassword gives the account a new password, which Apply asks for or makes, and
	// hands to the CredentialSink.
	SetPassword bool
	// ByReset sets it by resetPassword, which a delegated caller alone may, and after
	// which the account must change it at its next sign-in: not for an unattended one.
	ByReset bool
	// ByPolicy demands MFA by a Conditional Access policy of the account's own in the
	// place of the per-user state. It needs Entra ID P1, and is what Microsoft advises there.
	ByPolicy bool
	// AppPassword has a person make an app password, and hands it to the CredentialSink.
	AppPassword bool
	// Patience is how long the person has; zero means 14 days.
	Patience time.Duration
	// EmergencyAccounts are the object ids of the emergency access accounts, which no
	// plan may touch.
	EmergencyAccounts []string
	// Caller is who will apply the plan, CallerRoles the directory roles of that account;
	// nil means that it is not known yet, and Apply asks the guard.
	Caller      *Identity
	CallerRoles []policy.RoleAssignment
	// Now is the time of the plan; zero means the current time.
	Now time.Time
	// ID is the id of the plan; empty means a random one.
	ID string
}

// PlanEnrolment plans how an account gets MFA: a mobile phone as contact and as
// method, a new password, the demand for MFA, the registration by a person, and, where
// it is asked for, an app password. It does no I/O, and needs a report that Check or
// Judge returned in this process.
//
// Steps that only a person can take are steps of the plan: Apply stops there, and
// Resume goes on, days later and in another process. Phone numbers and passwords are
// in neither plan nor journal; Apply is given them (Secrets).
//
// An account that is enrolled no longer signs in unattended: a password grant can't do
// MFA, and app passwords open next to nothing. The plan says so.
//
// The error is a *RefusedError where a guard refuses: a synchronized or federated
// account whose password or phone is not the cloud's to set, a disabled account, a
// caller without the role for it.
func PlanEnrolment(report Report, opts *EnrolmentOptions) (Plan, error) {
	if report.facts == nil {
		return Plan{}, errors.New("mfa: plan an enrolment: the report holds no facts, as one that was decoded; call Check or Judge again")
	}
	if report.Tenant == nil || report.Tenant.ID == "" {
		return Plan{}, fmt.Errorf("mfa: plan an enrolment: which tenant it is could not be read: %w", report.facts.Organization.Err())
	}
	e, err := newEnrolment(report, opts)
	if err == nil {
		err = emergencyIDs(e.opts.EmergencyAccounts)
	}
	if err != nil {
		return Plan{}, err
	}
	e.guardAccount()
	e.contact()
	e.phone()
	e.password()
	e.demand()
	e.registration()
	e.appPassword()
	e.truths()
	e.guardEnrolment()
	if len(e.refusals) > 0 {
		return Plan{}, &RefusedError{Account: report.Account.UserPrincipalName, Refusals: e.refusals}
	}
	return e.finish(), nil
}

// enrolment builds a plan of this kind with the tools of the other.
type enrolment struct {
	*planner
	opts EnrolmentOptions
	// number is the phone in Graph's form.
	number Secret
}

func newEnrolment(report Report, opts *EnrolmentOptions) (*enrolment, error) {
	e := &enrolment{}
	if opts != nil {
		e.opts = *opts
	}
	if e.opts.Patience <= 0 {
		e.opts.Patience = 14 * 24 * time.Hour
	}
	if e.opts.Phone.Reveal() != "" {
		number, err := GraphPhone(e.opts.Phone.Reveal())
		if err != nil {
			return nil, fmt.Errorf("mfa: plan an enrolment: %w", err)
		}
		e.number = number
	}
	e.planner = newPlanner(report, &ExemptionOptions{
		Now: e.opts.Now, ID: e.opts.ID, EmergencyAccounts: e.opts.EmergencyAccounts, SkipCompensation: true, Caller: e.opts.Caller,
	})
	e.plan.Procedure = ProcedureEnrolment
	e.plan.Basis = e.plan.basis(*report.facts)
	return e, nil
}

// basis is what a plan rests on: an enrolment, which takes days, on the account alone.
func (p *Plan) basis(f Facts) []Basis {
	if p.Procedure != ProcedureEnrolment {
		return basisOf(f)
	}
	return slices.DeleteFunc(accountBasis(f), func(b Basis) bool { return b.Kind != "account" })
}

// preflightEnrolment asks what has to be so before an enrolment goes on: the guards,
// and that everything is at hand which neither plan nor journal holds.
func (a *applier) preflightEnrolment(ctx context.Context, facts Facts, refusals []Refusal) error {
	if _, err := a.enroller(); err != nil {
		return fmt.Errorf("mfa: apply the plan: %w", err)
	}
	if !strings.EqualFold(facts.User.UserPrincipalName, a.plan.Account.UserPrincipalName) {
		refusals = append(refusals, Refusal{GuardStale, fmt.Sprintf("the account is %s, and the plan says %s", facts.User.UserPrincipalName, a.plan.Account.UserPrincipalName), "check and plan again"})
	}
	g := guards{plan: &a.plan, facts: facts, report: Judge(facts, nil), caller: &a.by}
	if r := g.emergency(); r != nil {
		refusals = append(refusals, *r)
	}
	roles := entramfa.Missing[[]policy.RoleAssignment](nil)
	if a.by.Kind == IdentityUser {
		roles = entramfa.Result(a.tenant.RoleAssignments(ctx, a.by.ID))
	}
	left := a.plan
	left.Changes = slices.DeleteFunc(slices.Clone(left.Changes), func(c entramfa.Change) bool { return a.history.changes[c.ID] == made })
	refusals = append(refusals, mayEnrol(&left, facts, a.by, roles)...)
	refusals = append(refusals, a.lacking()...)
	if len(refusals) > 0 {
		return &RefusedError{Account: a.plan.Account.UserPrincipalName, Refusals: refusals}
	}
	return nil
}

// lacking says which secrets are needed for what isn't made yet, and not given.
func (a *applier) lacking() []Refusal {
	var refusals []Refusal
	for i := range a.plan.Changes {
		c := &a.plan.Changes[i]
		if a.history.changes[c.ID] == made {
			continue
		}
		switch {
		case numbered(c.Kind) && !a.phoneFits(c):
			refusals = append(refusals, Refusal{GuardSecret, fmt.Sprintf("change %s needs the phone number of the plan, %s", c.ID, c.After), "give it in Secrets.Phone, in the international form"})
		case c.Kind == entramfa.SetPassword && (a.opts.Secrets == nil || a.opts.Secrets.Sink == nil):
			refusals = append(refusals, Refusal{GuardSecret, fmt.Sprintf("change %s sets a password, and nobody receives it", c.ID), "give a Secrets.Sink"})
		case c.Kind == entramfa.HandOver && a.opts.Secrets != nil && a.opts.Secrets.AppPassword != nil && a.opts.Secrets.Sink == nil:
			refusals = append(refusals, Refusal{GuardSecret, fmt.Sprintf("change %s hands an app password over, which is shown once, and nobody receives it", c.ID), "give a Secrets.Sink"})
		}
	}
	return refusals
}

// phoneFits says whether the number that was given is the one of the plan, by its last digits.
func (a *applier) phoneFits(c *entramfa.Change) bool {
	number, err := GraphPhone(a.opts.Secrets.phone().Reveal())
	return err == nil && strings.Contains(string(c.After), NewPhone(number.Reveal()).String())
}

// guardAccount refuses an account that can't be enrolled from here.
func (e *enrolment) guardAccount() {
	u := e.report.Account
	synced, federated := e.before.User.OnPremisesSyncEnabled != nil && *e.before.User.OnPremisesSyncEnabled, u.Federated != nil && *u.Federated
	switch {
	case u.Enabled == nil || !*u.Enabled:
		e.refuse(GuardAccount, "enable the account first", "the account is disabled, or the answer did not say")
	case external(e.before.User):
		e.refuse(GuardAccount, "enrol it in its home tenant", "the account was invited and does MFA in its home tenant")
	case federated && (e.opts.SetPassword || e.number.Reveal() != ""):
		e.refuse(GuardSynchronized, "let the federated identity provider do MFA, or move the account to a managed domain", "the account is of a federated domain: its password is not the tenant's to set")
	case synced && e.opts.SetPassword:
		e.refuse(GuardSynchronized, "set the password in the on-premises directory", "the account is synchronized: its password comes from the on-premises directory")
	}
	if synced && e.number.Reveal() != "" {
		e.note("the account is synchronized, so that its contact number is changed in the on-premises directory; the authentication method is set here")
	}
}

// contact plans the number of the profile.
func (e *enrolment) contact() {
	synced := e.before.User.OnPremisesSyncEnabled != nil && *e.before.User.OnPremisesSyncEnabled
	if e.number.Reveal() == "" || synced {
		return
	}
	e.add(entramfa.Change{
		Kind: entramfa.ChangeMobilePhone, TargetID: e.plan.Account.ID, TargetName: e.plan.Account.UserPrincipalName,
		Before: encoded(nil), After: encoded(contactNumber{NewPhone(e.number.Reveal())}),
		Reason: "people find the account's phone in its profile; it takes no part in MFA",
		Undo:   "take the number out of the profile, or put the former one back, which has to be given again",
	})
	e.need("User-Phone.ReadWrite.All")
}

// contactNumber is the form of the profile's number in a change.
type contactNumber struct {
	MobilePhone Phone `json:"mobilePhone"`
}

// phone plans the authentication method: added, replaced, or there already.
func (e *enrolment) phone() {
	if e.number.Reveal() == "" {
		return
	}
	methods, known := e.before.Methods.Get()
	if !known {
		e.refuse(GuardUnread, "grant the checking identity UserAuthenticationMethod.Read.All and check again",
			"whether the account has a phone already could not be read: %v", e.before.Methods.Err())
		return
	}
	wanted := phoneMethod{PhoneMobile, NewPhone(e.number.Reveal())}
	i := slices.IndexFunc(methods, func(m Method) bool { return m.PhoneType != nil && strings.EqualFold(*m.PhoneType, string(PhoneMobile)) })
	switch {
	case i < 0:
		e.add(entramfa.Change{
			Kind: entramfa.AddPhoneMethod, TargetID: e.plan.Account.ID, TargetName: e.plan.Account.UserPrincipalName,
			Before: encoded(nil), After: encoded(wanted), Reason: "the account gets its code there", Undo: "remove the phone method",
		})
	case methods[i].PhoneNumber != nil && methods[i].PhoneNumber.Is(e.number):
		e.note("the phone %s is registered already", wanted.PhoneNumber)
		return
	case methods[i].PhoneNumber == nil:
		e.refuse(GuardUnread, "look at the account's methods in the Entra admin center", "the account has a mobile phone, whose number the answer did not say")
	default:
		e.add(entramfa.Change{
			Kind: entramfa.ChangePhoneMethod, TargetID: methods[i].ID, TargetName: e.plan.Account.UserPrincipalName,
			Before: other(*methods[i].PhoneNumber, phoneMethod{PhoneMobile, *methods[i].PhoneNumber}, encoded(wanted)), After: encoded(wanted), Reason: "the account gets its code there, and not at the number that is registered now",
			Undo: "put the former number back, which has to be given again: it is not kept",
		})
	}
	e.need("UserAuthMethod-Phone.ReadWrite.All")
}

// phoneMethod is the form of a phone method in a change.
type phoneMethod struct {
	PhoneType   PhoneType `json:"phoneType"`
	PhoneNumber Phone     `json:"phoneNumber"`
}

// password plans the new password.
func (e *enrolment) password() {
	if !e.opts.SetPassword {
		return
	}
	way := "passwordProfile"
	if e.opts.ByReset {
		way = "resetPassword"
		e.note("after resetPassword the account must change its password at the next sign-in, which an unattended program can't")
	}
	e.add(entramfa.Change{
		Kind: entramfa.SetPassword, TargetID: e.plan.Account.ID, TargetName: e.plan.Account.UserPrincipalName,
		Before: encoded(nil), After: encoded(newPassword{way}),
		Reason: "whoever knew the old password no longer gets in; the new one goes to the sink alone",
		Undo:   "it can't be undone: nobody knows the former password",
	})
	if e.opts.ByReset {
		e.need("UserAuthMethod-Password.ReadWrite.All")
		return
	}
	e.need("User-PasswordProfile.ReadWrite.All")
}

// newPassword is the form of a password that is set in a change: by which call.
type newPassword struct {
	By string `json:"by"`
}

// demand plans what demands MFA of the account.
func (e *enrolment) demand() {
	has, known := licensed(e.before).Get()
	requirements, read := e.before.Requirements.Get()
	switch {
	case e.opts.ByPolicy && (!known || !has):
		e.refuse(GuardUnread, "leave ByPolicy out: the per-user state needs no licence", "the tenant has no Entra ID P1 for a policy, or that could not be read")
	case e.opts.ByPolicy && defaultsOn(e.before):
		e.note("security defaults are on: they demand the registration of every user, and no policy can be enabled beside them; no policy is planned")
	case e.opts.ByPolicy:
		e.create(ownDemand(e.plan.Account), "it demands MFA of the account at every sign-in")
	case !read:
		e.refuse(GuardUnread, "grant the checking identity Policy.Read.All and check again", "the per-user MFA state could not be read: %v", e.before.Requirements.Err())
	case requirements.PerUserMFAState.folded() == PerUserDisabled:
		e.add(entramfa.Change{
			Kind: entramfa.ChangePerUserMFA, TargetID: e.plan.Account.ID, TargetName: e.plan.Account.UserPrincipalName,
			Before: PerUserDisabled.patch(), After: PerUserEnabled.patch(),
			Reason: "MFA is demanded from the next sign-in on; Microsoft moves the state to enforced once the account is registered",
			Undo:   "set the per-user MFA state to disabled again",
		})
		e.need("Policy.ReadWrite.AuthenticationMethod")
		requirements.PerUserMFAState = PerUserEnabled
		e.after.Requirements = entramfa.Known(requirements)
		if known && has {
			e.note("the tenant has Entra ID P1: Microsoft advises a Conditional Access policy in the place of the per-user state (ByPolicy)")
		}
	case !requirements.PerUserMFAState.folded().known():
		e.refuse(GuardUnread, "look at the account's per-user MFA in the Entra admin center", "the per-user MFA state is %q, which this version doesn't know", requirements.PerUserMFAState)
	default:
		e.note("the per-user MFA state is %s already", requirements.PerUserMFAState)
	}
}

// ownDemand is a policy that demands MFA of one account.
func ownDemand(account entramfa.Candidate) policy.Policy {
	or := "OR"
	return policy.Policy{
		DisplayName: "entramfa: MFA for " + account.UserPrincipalName, State: policy.StateEnabled,
		Conditions: &policy.Conditions{
			ClientAppTypes: []string{"all"},
			Users:          &policy.Users{IncludeUsers: []string{account.ID}},
			Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
		},
		GrantControls: &policy.GrantControls{Operator: &or, BuiltInControls: []string{"mfa"}},
	}
}

// securityInfo is where a person registers methods and makes app passwords.
// Source: https://learn.microsoft.com/entra/identity/authentication/concept-registration-mfa-sspr-combined.
const securityInfo = "https://mysignins.microsoft.com/security-info"

// registration plans the part of the person.
func (e *enrolment) registration() {
	e.add(entramfa.Change{
		Kind: entramfa.HumanStep, TargetID: e.plan.Account.ID, TargetName: e.plan.Account.UserPrincipalName,
		Before: encoded(nil), After: encoded(humanDone{entramfa.DoneRegistered}),
		Reason: "only whoever holds the phone can confirm the code", Undo: "remove the methods that were registered",
		Human: humanFor(entramfa.DoneRegistered, e.plan.Account, e.plan.MadeAt.Add(e.opts.Patience)),
	})
	e.need("AuditLog.Read.All")
}

// wordings are how the steps of a person are worded, the present wording first. A plan
// waits for days, in which the library may be upgraded: what was said once stays here.
var wordings = map[entramfa.HumanDone][]string{
	entramfa.DoneRegistered: {
		"sign in as {account}, and confirm the code that its phone gets, or register Microsoft Authenticator",
		"sign in as {account} with its new password and confirm the code that the phone gets, or register Microsoft Authenticator",
	},
	entramfa.DoneHandedIn: {"add a sign-in method, choose App password, name it after the product, and hand in what is shown once"},
}

// humanFor says where a person does what, and by what it is told that it is done.
func humanFor(done entramfa.HumanDone, account entramfa.Candidate, due time.Time) *entramfa.Human {
	return humansFor(done, account, due)[0]
}

// humansFor are the ways in which this version and earlier ones say it; none for what
// this version does not know.
func humansFor(done entramfa.HumanDone, account entramfa.Candidate, due time.Time) []*entramfa.Human {
	var list []*entramfa.Human
	for _, wording := range wordings[done] {
		text := strings.ReplaceAll(wording, "{account}", account.UserPrincipalName)
		list = append(list, &entramfa.Human{Address: securityInfo, Text: text, Done: done, Due: due})
	}
	return list
}

// humanDone is the form of a person's step in a change.
type humanDone struct {
	Done entramfa.HumanDone `json:"done"`
}

// appPassword plans the app password: made by a person, handed over here.
func (e *enrolment) appPassword() {
	if !e.opts.AppPassword {
		return
	}
	if e.opts.ByPolicy {
		e.refuse(GuardAccount, "leave ByPolicy or AppPassword out", "app passwords are offered only to accounts whose per-user MFA is enforced")
		return
	}
	e.add(entramfa.Change{
		Kind: entramfa.HumanStep, TargetID: e.plan.Account.ID, TargetName: e.plan.Account.UserPrincipalName,
		Before: encoded(nil), After: encoded(humanDone{entramfa.DoneHandedIn}),
		Reason: "Graph can neither make nor show an app password", Undo: "delete the app password on the same page",
		Human: humanFor(entramfa.DoneHandedIn, e.plan.Account, e.plan.MadeAt.Add(e.opts.Patience)),
	})
	e.add(entramfa.Change{
		Kind: entramfa.HandOver, TargetID: e.plan.Account.ID, TargetName: e.plan.Account.UserPrincipalName,
		Before: encoded(nil), After: encoded(newPassword{"appPassword"}),
		Reason: "the product signs in with it", Undo: "take it out of the product",
	})
}

// truths says what the procedure no longer gives in 2026.
// Source: https://learn.microsoft.com/entra/identity/authentication/howto-mfa-app-passwords,
// https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/deprecation-of-basic-authentication-exchange-online, MC1184649.
func (e *enrolment) truths() {
	e.note("ENROLLED; UNATTENDED USE ENDS WITH IT: a password grant can't do MFA, whatever is registered. An unattended product uses an app registration with a certificate: %s", e.report.AppRegistration.Text)
	if e.opts.AppPassword {
		e.note("an app password opens nothing in SharePoint since May 2026, and in Exchange Online nothing but SMTP AUTH, which is off by default from the end of 2026; not administrative actions either. It survives a password reset, and is dead where legacy authentication is blocked")
	}
	if e.opts.SetPassword {
		e.note("a password that was set can't be undone by Rollback; it ends the account's sessions")
	}
}

// guardEnrolment asks the guards that hold for both procedures.
func (e *enrolment) guardEnrolment() {
	g := guards{plan: &e.plan, facts: e.before, report: e.report, caller: e.opts.Caller}
	if r := g.emergency(); r != nil {
		e.refusals = append(e.refusals, *r)
	}
	if e.opts.Caller != nil {
		e.refusals = append(e.refusals, mayEnrol(&e.plan, e.before, *e.opts.Caller, entramfa.Known(e.opts.CallerRoles))...)
	}
}

// finish completes the plan.
func (e *enrolment) finish() Plan {
	e.plan.Clear, e.plan.After = false, e.judged().Verdict
	e.plan.Others = Others{Untouched: true, Proof: []string{"every change names the account alone"}}
	slices.Sort(e.plan.Permissions)
	e.plan.Permissions = slices.Compact(e.plan.Permissions)
	return e.plan
}
