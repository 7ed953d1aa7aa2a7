package mfa

import (
	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// Admin is what MFA there is for one account: an administrator, or, where all users
// are asked about, any.
type Admin struct {
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
	DisplayName       string `json:"displayName"`
	// Enabled is nil where it isn't known. A disabled account is blocked at every sign-in.
	Enabled *bool `json:"enabled"`
	// Kind is member, or the kind of guest or external user in Graph's word.
	Kind *string `json:"kind"`
	// Roles lists the directory roles with the way to each; none for an ordinary user.
	Roles []HeldRole `json:"roles"`

	// PerUserMFAState is disabled, enabled or enforced.
	PerUserMFAState *PerUserState `json:"perUserMfaState"`
	// Methods lists the kinds of registered methods beside the password; null is not known.
	Methods []string `json:"methods"`
	// Registered says whether one of them is a second factor: an email address, a
	// temporary access pass and a QR code are none. CanRegister says whether Conditional
	// Access lets the account register one while it has none; the authentication
	// methods policy isn't looked at.
	Registered  entramfa.Value[bool] `json:"registered"`
	CanRegister entramfa.Value[bool] `json:"canRegister"`

	// Now is how the account's sign-ins are covered. Activated is how they are once
	// every role is activated for which the account is eligible, or some of them, where
	// policies exclude roles and that covers less; nil where there is none.
	Now       Coverage  `json:"now"`
	Activated *Coverage `json:"activated,omitempty"`
	// Demanded says whether MFA is demanded at every sign-in, or it is blocked, now and
	// whichever roles are activated. MFA is the answer: demanded, and a second factor
	// registered. What is missing says the text of its error.
	Demanded entramfa.Value[bool] `json:"demanded"`
	MFA      entramfa.Value[bool] `json:"mfa"`
	// Unattended says that the account looks as one does that nobody attends, a
	// service account or one for emergencies: it is enabled, has no second factor, and
	// some sign-in wants none.
	Unattended bool `json:"unattended"`
	// Missing names what could not be read of the account.
	Missing []string `json:"missing,omitempty"`
}

// HeldRole is a directory role of an account.
type HeldRole struct {
	TemplateID string `json:"templateId"`
	Name       string `json:"name"`
	// Scope is / for the whole tenant, and empty where it isn't known.
	Scope string `json:"scope"`
	// Eligible says that the role has to be activated first.
	Eligible bool `json:"eligible"`
	// Path names the group through which the role is held; empty where the account holds it itself.
	Path []string `json:"path,omitempty"`
}

// Coverage is what all demands for MFA together do to an account's sign-ins. MFA or
// Blocked and Always: none goes through without a second factor.
type Coverage struct {
	entramfa.Verdict
	// Demands holds the findings on security defaults, on each Conditional Access
	// policy and on per-user MFA that aren't clear. A policy stands here with what is
	// left of it by policy.SecondFactors.
	Demands []entramfa.Finding `json:"demands,omitempty"`
	// Witness is a sign-in that goes through without a second factor; nil where there
	// is none, or it can't be told.
	Witness *policy.SignIn `json:"witness,omitempty"`
}
