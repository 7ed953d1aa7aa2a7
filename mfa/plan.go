package mfa

import (
	"encoding/json"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// PlanSchema names the form of a Plan as JSON. Within one schema members are only
// added; what a member means doesn't change.
const PlanSchema = "entramfa.plan/1"

// Plan is what would be changed, why, whom it touches and how it is undone. It is
// a value: it can be shown, stored as JSON, reviewed, and applied by another
// process. It holds no secret.
type Plan struct {
	Schema string `json:"schema"`
	// Clear says whether Check will be clear for the Profile once the plan is
	// applied; where it isn't, NotLifted says why.
	Clear     bool        `json:"clear"`
	NotLifted []NotLifted `json:"notLifted"`
	// Procedure says what kind of plan it is.
	Procedure Procedure `json:"procedure"`

	// ID is of this plan alone; what the plan creates carries its first eight
	// characters in its name.
	ID      string             `json:"id"`
	MadeAt  time.Time          `json:"madeAt"`
	Tenant  Tenant             `json:"tenant"`
	Account entramfa.Candidate `json:"account"`
	Profile policy.SignIn      `json:"profile"`
	// Before is what Check says now, After what it will say.
	Before entramfa.Verdict `json:"before"`
	After  entramfa.Verdict `json:"after"`

	// Changes are made in this order and undone in the reverse one. None means that
	// there is nothing to do.
	Changes []entramfa.Change `json:"changes"`
	// Joins lists the groups that the account comes to be in: the one that it is added
	// to, and those around it.
	Joins []string `json:"joins,omitempty"`
	// Others says what the plan does to every other account.
	Others Others `json:"others"`
	// Gap is the time in which a tenant whose security defaults are replaced is
	// protected by neither; nil where there is none.
	Gap *Gap `json:"gap,omitempty"`
	// Notes say what a person should know before applying the plan.
	Notes []string `json:"notes"`
	// Permissions lists the application permissions that applying it needs, all of them.
	Permissions []string `json:"permissions"`
	// Basis is what the plan rests on. Apply refuses the plan when any of it changed.
	Basis []Basis `json:"basis"`
	// Options are those of the plan, by which Apply asks the guards and plans again.
	Options StoredOptions `json:"options"`
}

// Procedure is what a plan is for.
type Procedure string

const (
	// ProcedureExemption lets an account sign in without MFA.
	ProcedureExemption Procedure = "exemption"
	// ProcedureEnrolment gives an account MFA; Clear is always false then.
	ProcedureEnrolment Procedure = "enrolment"
)

// NotLifted is something that stands in the way of the account and stays there.
type NotLifted struct {
	Source entramfa.Source `json:"source"`
	ID     string          `json:"id,omitempty"`
	Name   string          `json:"name"`
	// Because says why it isn't lifted, Instead what can be done.
	Because string `json:"because"`
	Instead string `json:"instead"`
}

// Others is what a plan does to all other accounts.
type Others struct {
	// Untouched says that no sign-in of any other account is treated otherwise than
	// before. It is false where security defaults are replaced: then every other
	// account is asked for at least as much.
	Untouched bool `json:"untouched"`
	// Proof says how that is known.
	Proof []string `json:"proof"`
	// Compared is how many accounts were compared over all sign-ins, one by one; 0
	// where no directory was given.
	Compared int `json:"compared"`
	// Changed lists the accounts, beside the planned one, whose outcome changes: at
	// most 20 of Count.
	Changed []string `json:"changed,omitempty"`
	Count   int      `json:"count"`
}

// Gap is a time without protection that can't be avoided: Graph refuses enabled
// policies beside enabled security defaults.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/plan-conditional-access.
// The way back has one, too.
type Gap struct {
	// From is the ID of the change that opens it, To that of the change that closes it.
	From string `json:"from"`
	To   string `json:"to"`
	Text string `json:"text"`
}

// Basis is one thing on which a plan rests.
type Basis struct {
	// Kind is policy, namedLocation, authenticationStrength, securityDefaults,
	// perUserMFA, account, groups, group, roles, licence or hidden.
	Kind string `json:"kind"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	// Digests holds a digest for each part.
	Digests map[string]string `json:"digests"`
}

// StoredOptions are the ExemptionOptions that decide what is planned.
type StoredOptions struct {
	AlsoReportOnly          bool     `json:"alsoReportOnly,omitempty"`
	AlsoDisabled            bool     `json:"alsoDisabled,omitempty"`
	SkipCompensation        bool     `json:"skipCompensation,omitempty"`
	EmergencyAccounts       []string `json:"emergencyAccounts,omitempty"`
	AllowInteractiveAccount bool     `json:"allowInteractiveAccount,omitempty"`
	AllowUnprotectedTenant  bool     `json:"allowUnprotectedTenant,omitempty"`
	AlsoSecureRegistration  bool     `json:"alsoSecureRegistration,omitempty"`
	SkipSecureRegistration  bool     `json:"skipSecureRegistration,omitempty"`
	PartnerTenant           bool     `json:"partnerTenant,omitempty"`
}

// ExclusionGroup is a group that policies exclude so that its members are exempt.
type ExclusionGroup struct {
	Group policy.Group
	// Within are the groups that it is in: who joins it joins these.
	Within []policy.Group
	// Members are its members, direct and nested, other than the account: the plan
	// shows them, for whoever is in the group shares the exemption.
	Members []policy.Principal
}

// ExemptionOptions change what PlanExemption plans. The zero ExemptionOptions and
// nil mean the same, and keep every guard.
type ExemptionOptions struct {
	// Group is a group that policies already exclude: the account is added to it
	// instead of to the lists of those policies.
	Group *ExclusionGroup
	// AlsoReportOnly and AlsoDisabled exclude the account from policies, too, that
	// would meet it if they were enabled.
	AlsoReportOnly bool
	AlsoDisabled   bool
	// SkipCompensation leaves out the policies that block the account from
	// everywhere but its addresses and for what it doesn't sign in to.
	SkipCompensation bool
	// EmergencyAccounts are the object ids of the emergency access accounts, which
	// no plan may touch: the library can't tell them from others.
	EmergencyAccounts []string
	// AllowInteractiveAccount lets an account be exempt that a person uses, by the
	// sign-in log (Report.WithEvidence) and its methods.
	AllowInteractiveAccount bool
	// AllowUnprotectedTenant lets security defaults be switched off in a tenant that
	// can't have policies in their place. Everybody is then without MFA.
	AllowUnprotectedTenant bool
	// Caller is who will apply the plan (ReadWriter.Identity); nil means that it is
	// not known yet, and Apply asks the guard.
	Caller *Identity
	// AlsoSecureRegistration adds, where security defaults are replaced, the policy by
	// which registering security information from outside the trusted locations takes
	// MFA. It is planned without this where the tenant has a trusted location; where it
	// has none, nobody without a method could register any more.
	AlsoSecureRegistration bool
	// SkipSecureRegistration leaves that policy out where it would be planned.
	SkipSecureRegistration bool
	// PartnerTenant says that the tenant is that of a Microsoft partner, whose
	// agreement demands MFA of every account and knows no exclusion.
	PartnerTenant bool
	// Accounts are those of the tenant: with them the plan compares every one over
	// all sign-ins, before and after. policy.ReadDirectory reads them, for the
	// ConditionalAccess of the Facts that Collect returned. Without, the proof is that of
	// policy.Touches, which holds for every account there can be.
	Accounts *policy.Directory
	// Now is the time of the plan; zero means the current time.
	Now time.Time
	// ID is the id of the plan; empty means a random one.
	ID string
}

// change returns the change with an id, nil where the plan has none.
func (p *Plan) change(id string) *entramfa.Change {
	for i := range p.Changes {
		if p.Changes[i].ID == id {
			return &p.Changes[i]
		}
	}
	return nil
}

// mark is what stands in the name of everything that the plan creates, so that it
// is found again when the answer to its creation was lost.
func (p *Plan) mark() string { return "(plan " + p.ID[:min(8, len(p.ID))] + ")" }

func encoded(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic("mfa: " + err.Error()) // values of this module always have a JSON form
	}
	return text
}
