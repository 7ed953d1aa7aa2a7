package mfa

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// A plan is stored as JSON, reviewed, and read again, and so is a journal. Whoever can
// write the file must not be able to do more with the rights of whoever applies it
// than a plan of this library does: so each change is held against what is planned
// here for the account that the plan names.

// validate refuses a plan that this library would not have made.
func (p *Plan) validate() error {
	switch {
	case p.Schema != PlanSchema:
		return fmt.Errorf("its schema is %q, and this version knows %q", p.Schema, PlanSchema)
	case p.ID == "" || p.Account.ID == "" || p.Tenant.ID == "":
		return errors.New("it does not say which plan it is, for which account, or for which tenant")
	}
	if p.Procedure != ProcedureExemption && p.Procedure != ProcedureEnrolment {
		return fmt.Errorf("its procedure is %q", p.Procedure)
	}
	v := validation{plan: p, seen: map[string]int{}}
	for i := range p.Changes {
		c := &p.Changes[i]
		if err := v.change(i, c); err != nil {
			return fmt.Errorf("change %q (%s of %q) is none that a plan for %s makes: %w", c.ID, c.Kind, c.TargetName, p.Account.UserPrincipalName, err)
		}
	}
	if err := v.gap(); err != nil {
		return fmt.Errorf("its gap is not that of a plan: %w", err)
	}
	return v.basis()
}

// validation goes through the changes of a plan.
type validation struct {
	plan *Plan
	// seen holds the place of each change by its id.
	seen map[string]int
}

func (v *validation) change(i int, c *entramfa.Change) error {
	if _, twice := v.seen[c.ID]; twice || c.ID == "" {
		return errors.New("its id is empty, or stands twice")
	}
	defer func() { v.seen[c.ID] = i }()
	if v.plan.Procedure == ProcedureEnrolment {
		return v.enrols(c)
	}
	switch c.Kind {
	case entramfa.ChangePolicy:
		return v.policy(c)
	case entramfa.CreatePolicy:
		return v.created(c)
	case entramfa.CreateNamedLocation:
		return v.location(c)
	case entramfa.ChangeSecurityDefaults:
		if !same(c.Before, encoded(enabledSwitch{true})) || !same(c.After, encoded(enabledSwitch{false})) {
			return errors.New("a plan only switches them off")
		}
		return nil
	case entramfa.ChangePerUserMFA:
		return v.perUser(c)
	case entramfa.AddGroupMember:
		return v.member(c)
	}
	return errors.New("this version knows no such change")
}

// policy takes two changes of policies: the account joins the excluded users, and a
// policy that the plan created is enabled.
func (v *validation) policy(c *entramfa.Change) error {
	before, err := patchOf(c.Before)
	after, afterErr := patchOf(c.After)
	if err = errors.Join(err, afterErr); err != nil {
		return err
	}
	if !same(c.Before, encoded(before)) || !same(c.After, encoded(after)) {
		return errors.New("it changes more than the state or the excluded users")
	}
	if id, ours := strings.CutPrefix(c.TargetID, "change:"); ours {
		at, earlier := v.seen[id]
		if !earlier || v.plan.Changes[at].Kind != entramfa.CreatePolicy || v.plan.Changes[at].TargetName != c.TargetName {
			return errors.New("no earlier change creates the policy")
		}
		on, reportOnly := policy.StateEnabled, policy.StateReportOnly
		if !same(c.Before, encoded(policy.Patch{State: &reportOnly})) || !same(c.After, encoded(policy.Patch{State: &on})) {
			return errors.New("what the plan created only goes from report-only to enabled")
		}
		return nil
	}
	if before.State != nil || after.State != nil || before.ExcludeUsers == nil || c.TargetID == "" {
		return errors.New("of a policy that is there only the excluded users change")
	}
	if !slices.Equal(after.ExcludeUsers, append(slices.Clone(before.ExcludeUsers), v.plan.Account.ID)) {
		return errors.New("the account, and nobody else, joins the excluded users")
	}
	return nil
}

// created takes the policies that plans create, each as the library builds it.
func (v *validation) created(c *entramfa.Change) error {
	var body policy.Policy
	if err := json.Unmarshal(c.After, &body); err != nil {
		return err
	}
	name, marked := strings.CutSuffix(c.TargetName, " "+v.plan.mark())
	if c.TargetID != "" || !same(c.Before, encoded(nil)) || !marked || body.DisplayName != c.TargetName {
		return errors.New("it does not bear the mark of the plan in its name")
	}
	if body.State != policy.StateEnabled && body.State != policy.StateReportOnly {
		return fmt.Errorf("its state is %q", body.State)
	}
	for _, built := range v.built(name, body.State) {
		built.DisplayName, built.State = body.DisplayName, body.State
		if same(encoded(built), c.After) {
			return nil
		}
	}
	return errors.New("it is not as the library builds it")
}

// built are the policies that a plan of this account can create under a name.
func (v *validation) built(name string, state policy.State) []policy.Policy {
	account, applications := v.plan.Account.ID, v.plan.Profile.Applications
	var list []policy.Policy
	for i := range v.plan.Changes {
		if v.plan.Changes[i].Kind == entramfa.CreateNamedLocation {
			if pin, err := policy.PinToAddresses(account, name, created(v.plan.Changes[i].ID), state); err == nil {
				list = append(list, pin)
			}
		}
	}
	for _, apps := range [][]string{applications, append(slices.Clone(applications), MicrosoftGraph)} {
		if pin, _, err := policy.PinToApplications(account, name, apps, state); err == nil {
			list = append(list, pin)
		}
	}
	for _, replacement := range replacementsFor() {
		list = append(list, replacement, withoutAccount(replacement, account))
	}
	return list
}

// replacementsFor are the policies that take the place of security defaults.
func replacementsFor() []policy.Policy {
	var roles []string
	for _, role := range securitydefaults.Administrators() {
		roles = append(roles, role.TemplateID)
	}
	list, err := policy.SecurityDefaultsReplacements(roles, "")
	registration, registrationErr := policy.SecuredRegistration("")
	if err != nil || registrationErr != nil {
		return nil // then nothing fits, and the plan is refused
	}
	return append(list, registration)
}

// location takes the named location of the profile's addresses.
func (v *validation) location(c *entramfa.Change) error {
	name, marked := strings.CutSuffix(c.TargetName, " "+v.plan.mark())
	location, err := policy.PinLocation(name, v.plan.Profile.Addresses)
	if err != nil {
		return err
	}
	location.DisplayName = c.TargetName
	if c.TargetID != "" || !marked || !same(c.Before, encoded(nil)) || !same(c.After, encoded(location)) {
		return errors.New("it is not that of the profile's addresses")
	}
	return nil
}

// enrols takes the changes of an enrolment: all are of the account.
func (v *validation) enrols(c *entramfa.Change) error {
	switch c.Kind {
	case entramfa.CreatePolicy:
		return v.demands(c)
	case entramfa.ChangePhoneMethod: // its target is the method; the account is that of the plan
		if !strings.EqualFold(c.TargetID, mobileMethod) {
			return errors.New("an enrolment changes the mobile phone alone")
		}
		return nil
	case entramfa.ChangePerUserMFA:
		if !same(c.Before, PerUserDisabled.patch()) || !same(c.After, PerUserEnabled.patch()) {
			return errors.New("an enrolment sets the state from disabled to enabled")
		}
	case entramfa.ChangeMobilePhone, entramfa.AddPhoneMethod, entramfa.SetPassword, entramfa.HandOver:
	case entramfa.HumanStep:
		if err := v.human(c); err != nil {
			return err
		}
	default:
		return errors.New("this version knows no such change of an enrolment")
	}
	if !strings.EqualFold(c.TargetID, v.plan.Account.ID) {
		return errors.New("it is of another account")
	}
	return nil
}

// human takes the steps of a person as the library words them, or once did: another
// page or another text could lead the person, who has the password at hand, astray.
func (v *validation) human(c *entramfa.Change) error {
	if c.Human == nil {
		return errors.New("it does not say what the person has to do")
	}
	said := slices.ContainsFunc(humansFor(c.Human.Done, v.plan.Account, c.Human.Due), func(h *entramfa.Human) bool { return same(encoded(h), encoded(c.Human)) })
	if !said || !same(c.After, encoded(humanDone{c.Human.Done})) {
		return errors.New("the person is told something else than the library says, or at another address")
	}
	return nil
}

// demands takes the policy that demands MFA of the account.
func (v *validation) demands(c *entramfa.Change) error {
	built := ownDemand(v.plan.Account)
	built.DisplayName += " " + v.plan.mark()
	if c.TargetID != "" || c.TargetName != built.DisplayName || !same(c.Before, encoded(nil)) || !same(c.After, encoded(built)) {
		return errors.New("it is not as the library builds it")
	}
	return nil
}

func (v *validation) perUser(c *entramfa.Change) error {
	var after Requirements
	if err := json.Unmarshal(c.After, &after); err != nil {
		return err
	}
	if !strings.EqualFold(c.TargetID, v.plan.Account.ID) || after.PerUserMFAState != PerUserDisabled {
		return errors.New("it is of another account, or to another state than disabled")
	}
	return nil
}

func (v *validation) member(c *entramfa.Change) error {
	if !same(c.After, encoded(member{v.plan.Account.ID})) || !same(c.Before, encoded(nil)) || !containsFold(v.plan.Joins, c.TargetID) {
		return errors.New("it adds another account, or to another group than the plan says")
	}
	return nil
}

// gap wants security defaults to go off only where all that takes their place is
// enabled right after, or where the options say that nothing does.
func (v *validation) gap() error {
	off := slices.IndexFunc(v.plan.Changes, func(c entramfa.Change) bool { return c.Kind == entramfa.ChangeSecurityDefaults })
	gap := v.plan.Gap
	switch {
	case off < 0 && gap == nil:
		return nil
	case off >= 0 && gap == nil && v.plan.Options.AllowUnprotectedTenant:
		return nil
	case off < 0 || gap == nil || gap.From != v.plan.Changes[off].ID:
		return errors.New("security defaults go off, and no gap begins there")
	}
	to, there := v.seen[gap.To]
	if !there || to <= off {
		return errors.New("it does not end")
	}
	enabled := map[string]bool{}
	for _, c := range v.plan.Changes[off+1 : to+1] {
		id, ours := strings.CutPrefix(c.TargetID, "change:")
		if c.Kind != entramfa.ChangePolicy || !ours {
			return fmt.Errorf("change %s stands in it, and enables no policy of the plan", c.ID)
		}
		enabled[id] = true
	}
	return v.protects(enabled)
}

// protects says whether each of the four policies without which nobody is asked for
// MFA is among those that are enabled.
func (v *validation) protects(enabled map[string]bool) error {
	for _, wanted := range replacementsFor()[:4] {
		found := slices.ContainsFunc(v.plan.Changes, func(c entramfa.Change) bool {
			return c.Kind == entramfa.CreatePolicy && enabled[c.ID] && strings.HasPrefix(c.TargetName, wanted.DisplayName+" ")
		})
		if !found {
			return fmt.Errorf("%q is not enabled in it", wanted.DisplayName)
		}
	}
	return nil
}

// basis wants the parts by which Apply tells that the tenant changed.
func (v *validation) basis() error {
	kinds := []string{"securityDefaults", "perUserMFA", "account"}
	if v.plan.Procedure == ProcedureEnrolment {
		kinds = []string{"account"}
	}
	for _, kind := range kinds {
		if !slices.ContainsFunc(v.plan.Basis, func(b Basis) bool { return b.Kind == kind && len(b.Digests) > 0 }) {
			return fmt.Errorf("its basis lacks %s", kind)
		}
	}
	return nil
}
