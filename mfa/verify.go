package mfa

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// Proof is how far one of the proofs of a plan got. The zero Proof is ProofNone.
type Proof string

const (
	// ProofNone: it was not tried, or can't be had; the text says why.
	ProofNone Proof = ""
	// ProofYes: the plan is in effect, as far as this proof can tell.
	ProofYes Proof = "yes"
	// ProofNotYet: what is seen is not, or not steadily, what the plan made. It may take longer.
	ProofNotYet Proof = "notYet"
	// ProofNo: it says otherwise.
	ProofNo Proof = "no"
)

// Verification is what became of a plan, in three states that are apart: what is
// written shows in Graph after seconds, and sign-ins follow after minutes or hours.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation.
type Verification struct {
	At time.Time `json:"at"`
	// Graph: every change shows, in several reads after another that are equal, and,
	// where the plan is to make Check clear, it is.
	Graph Proved `json:"graph"`
	// WhatIf: Microsoft's own What If says that no policy applies to the sign-ins
	// of the profile. It judges Conditional Access alone, and needs a licence. It is no
	// proof of an enrolment.
	WhatIf Proved `json:"whatIf"`
	// SignIn: the account signed in with its password, unattended; of an enrolment, that
	// this was refused for MFA.
	SignIn Proved `json:"signIn"`
	// Appeared names policies that somebody else added since the plan was made.
	Appeared []string `json:"appeared,omitempty"`
}

// Proved is one of the proofs, with what was seen.
type Proved struct {
	Proof Proof  `json:"proof"`
	Text  string `json:"text"`
}

// VerifyOptions change what Verify looks at. The zero VerifyOptions and nil mean the same.
type VerifyOptions struct {
	// Reads is how many equal reads are wanted; 0 means three, a second apart.
	Reads int
	// Granter signs the account in by Grant, once, as Probe does; nil leaves that proof out.
	Granter PasswordGranter
	Grant   PasswordGrant
	// Now and Wait are the clock; nil means the real one.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
}

// Verify says whether a plan that was applied is in effect. It changes nothing but,
// with VerifyOptions.Granter, the sign-in log. The journal tells what the plan
// created. An error means that nothing could be asked; what a single proof could not
// get is said in it.
func Verify(ctx context.Context, tenant ReadWriter, plan Plan, journal Journal, opts *VerifyOptions) (Verification, error) {
	v, err := newVerifier(tenant, plan, journal, opts)
	if err != nil {
		return Verification{}, err
	}
	organization, err := tenant.Organization(ctx)
	if err != nil {
		return Verification{}, fmt.Errorf("mfa: verify the plan: which tenant it is could not be read: %w", err)
	}
	if !strings.EqualFold(organization.ID, plan.Tenant.ID) {
		return Verification{}, fmt.Errorf("mfa: verify the plan: it is for the tenant %s, and this is %s", plan.Tenant.ID, organization.ID)
	}
	if stored := v.applier.history.plan; stored != nil && digest(stored) != digest(plan) {
		return Verification{}, fmt.Errorf("mfa: verify the plan: the journal holds another plan with the id %s", plan.ID)
	}
	result := Verification{At: v.opts.Now().UTC()}
	result.Graph = v.graph(ctx)
	facts, err := Collect(ctx, tenant, plan.Account.ID)
	if err != nil {
		return result, fmt.Errorf("mfa: verify the plan: %w", err)
	}
	result.Graph = v.stillClear(result.Graph, facts)
	result.WhatIf = v.whatIf(ctx, facts)
	result.SignIn = v.signIn(ctx)
	result.Appeared = v.applier.appeared(facts, plan.knows)
	return result, nil
}

type verifier struct {
	applier *applier
	opts    VerifyOptions
}

func newVerifier(tenant ReadWriter, plan Plan, journal Journal, opts *VerifyOptions) (*verifier, error) {
	if tenant == nil || journal == nil {
		return nil, errors.New("mfa: verify a plan: a tenant and a journal are needed")
	}
	if err := plan.validate(); err != nil {
		return nil, fmt.Errorf("mfa: verify a plan: it is not used, for %w", err)
	}
	v := &verifier{}
	if opts != nil {
		v.opts = *opts
	}
	if v.opts.Reads <= 0 {
		v.opts.Reads = 3
	}
	common := (&ApplyOptions{Now: v.opts.Now, Wait: v.opts.Wait}).withDefaults()
	v.opts.Now, v.opts.Wait = common.Now, common.Wait
	entries, err := journal.Entries()
	if err != nil {
		return nil, err
	}
	history, err := historyOf(entries, plan.ID)
	if err != nil {
		return nil, err
	}
	if history.plan == nil && len(plan.Changes) > 0 {
		return nil, fmt.Errorf("mfa: verify a plan: the journal holds no plan %s: %w", plan.ID, entramfa.ErrNotFound)
	}
	v.applier = &applier{tenant: tenant, plan: plan, opts: common, history: history}
	return v, nil
}

// graph reads every object of the plan several times.
func (v *verifier) graph(ctx context.Context) Proved {
	if h := v.applier.history; h.rolledBack || h.undoing {
		return Proved{ProofNo, "the journal says that the plan is rolled back, or that its rollback was begun"}
	}
	for n := range v.opts.Reads {
		if n > 0 {
			if err := v.opts.Wait(ctx, pace); err != nil {
				return Proved{ProofNone, err.Error()}
			}
		}
		for i := range v.applier.plan.Changes {
			c := &v.applier.plan.Changes[i]
			if byCredential(c.Kind) {
				if v.applier.history.changes[c.ID] != made {
					return Proved{ProofNotYet, fmt.Sprintf("change %s (%s) is not made", c.ID, c.Kind)}
				}
				continue
			}
			is, err := v.applier.read(ctx, c)
			switch {
			case errors.Is(err, entramfa.ErrNotFound):
				return Proved{ProofNotYet, fmt.Sprintf("%q is not there", c.TargetName)}
			case errors.Is(err, entramfa.ErrConflict):
				return Proved{ProofNo, fmt.Sprintf("%q: %v", c.TargetName, err)}
			case err != nil:
				return Proved{ProofNone, fmt.Sprintf("%q could not be read: %v", c.TargetName, err)}
			case same(is.value, c.Before):
				return Proved{ProofNotYet, fmt.Sprintf("%q is still %s", c.TargetName, is.value)}
			case !same(is.value, c.After):
				return Proved{ProofNo, fmt.Sprintf("%q is %s, and the plan made it %s", c.TargetName, is.value, c.After)}
			}
		}
	}
	return Proved{ProofYes, fmt.Sprintf("%d reads after another show every change", v.opts.Reads)}
}

// stillClear looks at the account as a whole: what somebody else changed since may meet
// it although every change of the plan shows.
func (v *verifier) stillClear(proved Proved, facts Facts) Proved {
	plan := &v.applier.plan
	now := Judge(facts, &Options{Profile: &plan.Profile, Now: v.opts.Now()})
	if proved.Proof != ProofYes || !plan.Clear || now.Outcome == entramfa.Clear {
		return proved
	}
	var names []string
	for _, f := range now.Findings {
		if f.Outcome != entramfa.Clear {
			names = append(names, f.Name)
		}
	}
	proof := ProofNo
	if now.Outcome == entramfa.Unknown {
		proof = ProofNone
	}
	return Proved{proof, fmt.Sprintf("%s, and yet a check says %s, %s: %s", proved.Text, now.Outcome, now.Extent, strings.Join(names, ", "))}
}

// whatIf asks Microsoft about one sign-in to each resource of the profile.
func (v *verifier) whatIf(ctx context.Context, facts Facts) Proved {
	if v.applier.plan.Procedure == ProcedureEnrolment {
		return Proved{ProofNone, "it says that no policy demands MFA, which is no matter of an enrolment"}
	}
	evaluator, ok := v.applier.tenant.(policy.Evaluator)
	if !ok {
		return Proved{ProofNone, "there is no way to ask What If"}
	}
	profile := v.applier.plan.Profile
	applications := (Options{Profile: &profile}).applications()
	asked := 0
	var untold []string
	for _, app := range applications {
		signIn := sample(profile, app)
		question, err := policy.NewWhatIf(facts.Subject(), signIn)
		if err != nil {
			return Proved{ProofNone, err.Error()}
		}
		results, err := evaluator.WhatIf(ctx, question)
		if err != nil {
			return Proved{ProofNone, fmt.Sprintf("What If could not be asked: %v", err)}
		}
		names, gaps := refusing(facts, results, signIn)
		if len(names) > 0 {
			return Proved{ProofNo, fmt.Sprintf("What If says of a sign-in to %s that these policies apply: %s", app, strings.Join(names, ", "))}
		}
		untold = append(untold, gaps...)
		asked++
	}
	if len(untold) > 0 {
		return Proved{ProofNone, "What If can't tell of all policies: " + strings.Join(untold, "; ")}
	}
	return Proved{ProofYes, fmt.Sprintf("What If was asked about one sign-in to each resource (%d), and says that no policy stands in the way", asked)}
}

// sample is one sign-in of the profile to a resource.
func sample(profile policy.SignIn, app string) policy.SignIn {
	first := func(list []string, otherwise string) []string {
		if len(list) > 0 {
			return list[:1]
		}
		return []string{otherwise}
	}
	s := policy.SignIn{
		Applications: []string{app}, UserActions: []string{}, AuthenticationContexts: []string{},
		ClientAppTypes: first(profile.ClientAppTypes, "mobileAppsAndDesktopClients"), Platforms: first(profile.Platforms, "windows"),
		Countries: first(profile.Countries, policy.CountryUnknown), GPSCountries: []string{policy.CountryUnknown},
		CompliantNetworks: []bool{false}, UnregisteredDevice: true,
		SignInRiskLevels: first(profile.SignInRiskLevels, "none"), UserRiskLevels: first(profile.UserRiskLevels, "none"),
		InsiderRiskLevels: first(profile.InsiderRiskLevels, "none"), AuthenticationFlows: first(profile.AuthenticationFlows, "none"),
	}
	address := netip.MustParseAddr("203.0.113.1") // of the block for documentation: nobody's
	if len(profile.Addresses) > 0 {
		address = profile.Addresses[0].Addr()
	}
	s.Addresses = []netip.Prefix{netip.PrefixFrom(address, address.BitLen())}
	return s
}

// refusing names the policies that may be in force, apply and block or demand something;
// gaps are those of which What If is known to tell it wrong, and why.
func refusing(facts Facts, results []policy.WhatIfResult, signIn policy.SignIn) (names, gaps []string) {
	known := knownGaps(facts, results, signIn)
	for _, r := range results {
		applies := r.PolicyApplies != nil && *r.PolicyApplies
		if !applies || off(r.Policy) {
			continue
		}
		gap, wrong := known[strings.ToLower(r.ID)]
		switch {
		case harmless(facts, r.Policy, signIn):
		case wrong:
			gaps = append(gaps, gap)
		default:
			names = append(names, r.DisplayName)
		}
	}
	return names, append(gaps, untold(facts, results, signIn)...)
}

// untold names the policies that may be in force and of which the answer doesn't say
// whether they apply: What If may leave one out, or not have been told enough.
func untold(facts Facts, results []policy.WhatIfResult, signIn policy.SignIn) (texts []string) {
	list, known := facts.ConditionalAccess.Policies.Get()
	if !known {
		return []string{fmt.Sprintf("of which policies it would have to speak could not be read: %v", facts.ConditionalAccess.Policies.Err())}
	}
	for _, p := range list.Policies {
		if off(p) || saysWhether(p.ID, results) || harmless(facts, p, signIn) {
			continue
		}
		texts = append(texts, fmt.Sprintf("%s: the answer does not say whether it applies", p.DisplayName))
	}
	return texts
}

// saysWhether says that the answer tells whether a policy applies.
func saysWhether(id string, results []policy.WhatIfResult) bool {
	return slices.ContainsFunc(results, func(r policy.WhatIfResult) bool {
		return strings.EqualFold(r.ID, id) && r.PolicyApplies != nil && (*r.PolicyApplies || !r.AnalysisReasons.Has(policy.AnalysisNotEnoughInformation))
	})
}

// harmless says that what a policy demands stands in nobody's way, whatever it applies to.
func harmless(facts Facts, p policy.Policy, signIn policy.SignIn) bool {
	tenant := facts.ConditionalAccess
	tenant.Policies = entramfa.Known(policy.List{Policies: []policy.Policy{withoutConditions(p)}})
	return policy.Judge(tenant, facts.Subject(), signIn)[0].Outcome == entramfa.Clear
}

// knownGaps finds the policies that What If judges without the groups of applications
// or the services behind one, which it doesn't resolve.
func knownGaps(facts Facts, results []policy.WhatIfResult, signIn policy.SignIn) map[string]string {
	comparison, _ := policy.Compare(facts.ConditionalAccess, facts.Subject(), signIn, results) // what can't be compared has no known gaps
	gaps := map[string]string{}
	for _, d := range comparison.Differences {
		if d.Cause == policy.CauseApplicationGroup || d.Cause == policy.CauseServiceDependency {
			gaps[strings.ToLower(d.PolicyID)] = fmt.Sprintf("%s: %s", d.PolicyName, d.Text)
		}
	}
	return gaps
}

// withoutConditions is a policy that applies to everything: what it demands is left
// to be judged.
func withoutConditions(p policy.Policy) policy.Policy {
	p.Conditions = &policy.Conditions{
		ClientAppTypes: []string{"all"},
		Users:          &policy.Users{IncludeUsers: []string{"All"}},
		Applications:   &policy.Applications{IncludeApplications: []string{"All"}},
	}
	return p
}

// signIn signs the account in, once.
func (v *verifier) signIn(ctx context.Context) Proved {
	if v.opts.Granter == nil {
		return Proved{ProofNone, "no sign-in was tried"}
	}
	if !strings.EqualFold(v.opts.Grant.Username, v.applier.plan.Account.UserPrincipalName) {
		return Proved{ProofNone, "no sign-in was tried, for it would be of another account: " + v.opts.Grant.Username}
	}
	probe, err := Probe(ctx, v.opts.Granter, v.opts.Grant, &ProbeOptions{Now: v.opts.Now()})
	switch {
	case err != nil:
		return Proved{ProofNone, fmt.Sprintf("the sign-in could not be tried: %v", err)}
	case v.applier.plan.Procedure == ProcedureEnrolment:
		return refusedAlone(probe)
	case probe.Outcome == entramfa.Clear:
		return Proved{ProofYes, probe.Text}
	case probe.Outcome == entramfa.Unknown:
		return Proved{ProofNone, probe.Text}
	}
	return Proved{ProofNotYet, probe.Text + "; sign-ins may follow a change after minutes to hours"}
}

// refusedAlone is what a sign-in with the password alone proves of an enrolment: that
// it is refused for MFA.
func refusedAlone(probe ProbeResult) Proved {
	switch probe.Outcome {
	case entramfa.MFA:
		return Proved{ProofYes, probe.Text}
	case entramfa.Clear:
		return Proved{ProofNotYet, probe.Text + "; sign-ins may follow a change after minutes to hours"}
	}
	return Proved{ProofNone, probe.Text}
}

// knows says whether a policy is one on which the plan rests.
func (p *Plan) knows(id string) bool {
	for _, b := range p.Basis {
		if b.Kind == "policy" && strings.EqualFold(b.ID, id) {
			return true
		}
	}
	return false
}

// appeared names the policies that neither were there nor are the plan's own.
func (a *applier) appeared(facts Facts, known func(id string) bool) []string {
	var names []string
	if a.plan.Procedure == ProcedureEnrolment {
		return nil // it rests on no policy
	}
	list, _ := facts.ConditionalAccess.Policies.Get()
	for _, p := range list.Policies {
		if !known(p.ID) && !a.created("policy", p.ID) {
			names = append(names, fmt.Sprintf("%s (%s, %s)", p.DisplayName, p.ID, stateText(p.State)))
		}
	}
	return names
}
