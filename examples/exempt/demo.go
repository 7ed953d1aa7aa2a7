package main

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
)

//go:embed tenants
var embedded embed.FS

// story is a built-in tenant with the account that is to be exempt.
type story struct {
	planID, folder, title string
	account               string
	profile               string
	from                  string
	group                 string
}

func stories() []story {
	return []story{
		{"example1", "conditional-access", "Conditional Access, and the legacy per-user state", "svc-backup@contoso.com", "exchange", "203.0.113.0/28", "a0000000-0000-4000-8000-000000000001"},
		{"example2", "security-defaults", "Security defaults, which exclude nobody, are replaced", "svc-erp@fabrikam.com", "exchange", "203.0.113.0/28", ""},
		{"example3", "security-defaults-without-licence", "Security defaults, and no licence for anything in their place", "svc-scan@tailspintoys.com", "exchange", "203.0.113.0/28", ""},
		{"example4", "azure", "An account that manages Azure, of which Microsoft demands MFA itself", "svc-deploy@woodgrovebank.com", "azure-cli", "203.0.113.0/28", ""},
	}
}

// clock is that of a built-in tenant. It stands still, but for what measures the
// gap: that is real.
type clock struct{ now, started time.Time }

func newClock() *clock {
	return &clock{time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), time.Now()}
}

func (c *clock) Now() time.Time      { return c.now }
func (c *clock) measured() time.Time { return c.now.Add(time.Since(c.started)) }

// Wait moves the clock in the place of waiting.
func (c *clock) Wait(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

// told is a story as JSON gives it.
type told struct {
	Title string `json:"title"`
	// Plan is missing where the plan was refused, as Refused says.
	Plan         *mfa.Plan         `json:"plan,omitempty"`
	Refused      string            `json:"refused,omitempty"`
	Result       *mfa.Result       `json:"result,omitempty"`
	Verification *mfa.Verification `json:"verification,omitempty"`
	Evidence     *mfa.Evidence     `json:"evidence,omitempty"`
	RolledBack   *mfa.Result       `json:"rolledBack,omitempty"`
	// Compared is how many bytes the state of the tenant has, before and after; Equal
	// that it is the same.
	Compared int  `json:"compared"`
	Equal    bool `json:"equal"`
}

// demonstrate tells each story. It ends with 1 where a tenant isn't as it was.
func demonstrate(ctx context.Context, opts options, stdout, stderr io.Writer) int {
	status := exitDone
	for _, s := range stories() {
		end, err := s.tell(ctx, opts, stdout, stderr)
		if err != nil {
			return opts.Fail(stderr, fmt.Errorf("%s: %w", s.folder, err))
		}
		if !end.Equal {
			status = exitStands
		}
		if opts.json {
			if err := layout.JSON(stdout, end); err != nil {
				return opts.Fail(stderr, err)
			}
		}
	}
	return status
}

// stage is a built-in tenant on which a story is told.
type stage struct {
	program
	story    story
	fake     *graphfake.Tenant
	clock    *clock
	password mfa.Secret
	before   []byte
	told     told
	page     page
}

func (s story) tell(ctx context.Context, opts options, stdout, stderr io.Writer) (told, error) {
	st, err := s.stage(opts, stderr)
	if err != nil {
		return told{}, err
	}
	fmt.Fprintf(&st.page, "%s\n%s\n\n", s.title, strings.Repeat("=", len(s.title)))
	err = st.play(ctx)
	st.compare()
	if !opts.json && err == nil {
		_, err = io.WriteString(stdout, st.page.String()+"\n")
	}
	return st.told, err
}

// stage opens the tenant, and gives its account a password and its clock.
func (s story) stage(opts options, stderr io.Writer) (*stage, error) {
	fake, err := open.Embedded(embedded, "tenants/"+s.folder)
	if err != nil {
		return nil, err
	}
	opts.Account, opts.group, opts.probeClient = s.account, s.group, open.CommandLineTools
	from := netip.MustParsePrefix(s.from)
	opts.signIn.From = open.Prefixes{from}
	if err := opts.signIn.Profiles.Set(s.profile); err != nil {
		return nil, err
	}
	st := &stage{story: s, fake: fake, clock: newClock(), password: mfa.NewSecret(rand.Text()), told: told{Title: s.title}}
	st.program = program{tenant: fake, tenantID: fake.ID(), options: opts, stdout: io.Discard, stderr: stderr}
	fake.Clock, fake.SignInAddress = st.clock.Now, from.Addr()
	fake.CountryOf = func(netip.Addr) string { return "NL" }
	st.before = fake.Snapshot("modifiedDateTime")
	return st, fake.GivePassword(s.account, st.password.Reveal())
}

// play goes the whole way, as far as the guards let it.
func (st *stage) play(ctx context.Context) error {
	if err := st.tryBefore(ctx); err != nil {
		return err
	}
	made, err := st.propose(ctx, st.clock.Now(), st.story.planID)
	if st.refused("REFUSED, and nothing was changed", err) {
		return nil
	}
	if err != nil {
		return err
	}
	st.told.Plan = &made.Plan
	st.page.names = st.names(ctx, made.Plan)
	made.names = st.page.names
	st.page.WriteString("\n" + planText(made))
	path, remove, err := temporary()
	if err != nil {
		return err
	}
	defer remove()
	journal, err := mfa.OpenJournal(path)
	if err != nil {
		return err
	}
	defer journal.Close()
	return st.thereAndBack(ctx, made, journal)
}

// tryBefore signs the account in as it is now, so that the log has something to say.
func (st *stage) tryBefore(ctx context.Context) error {
	plan := mfa.Plan{Account: entramfa.Candidate{UserPrincipalName: st.story.account}, Profile: st.options.signIn.Profile()}
	result, err := mfa.Probe(ctx, st.fake, st.grant(plan, st.password), &mfa.ProbeOptions{Now: st.clock.Now()})
	if err == nil {
		st.page.line(0, "", st.story.account+" signs in with its password to "+signInText(plan.Profile))
		st.page.line(2, "now: ", result.Text)
	}
	return err
}

// refused shows the refusal of a guard.
func (st *stage) refused(heading string, err error) bool {
	var refused *mfa.RefusedError
	if !errors.As(err, &refused) {
		return false
	}
	st.told.Refused = flagNames(refused.Error())
	st.page.heading(heading)
	for _, r := range refused.Refusals {
		st.page.line(4, "", flagNames(r.Text))
		st.page.line(6, "instead  ", flagNames(r.Way))
	}
	return true
}

// thereAndBack applies the plan, verifies it, and rolls it back.
func (st *stage) thereAndBack(ctx context.Context, made proposal, journal mfa.Journal) error {
	var steps page
	result, err := mfa.Apply(ctx, st.tenant, made.Plan, journal, st.applyOptions(&steps))
	if st.refused("APPLY: REFUSED, and nothing was changed", err) {
		return nil
	}
	if err != nil {
		return err
	}
	st.page.heading("APPLY")
	st.page.WriteString(steps.String())
	st.told.Result = &result
	st.page.result(deed{Plan: made.Plan, Result: &result})
	changed := st.clock.now
	if err := st.clock.Wait(ctx, 3*time.Hour); err != nil { // until sign-ins follow
		return err
	}
	if err := st.lookAt(ctx, made, journal, changed); err != nil {
		return err
	}
	st.page.heading("ROLL BACK")
	undone, err := mfa.Rollback(ctx, st.tenant, journal, made.Plan.ID, st.applyOptions(&st.page))
	st.told.RolledBack = &undone
	if err != nil {
		return err
	}
	st.page.result(deed{Plan: made.Plan, Result: &undone})
	return nil
}

// applyOptions measure with the real clock, and wait with that of the tenant; each
// step is a line.
func (st *stage) applyOptions(steps *page) *mfa.ApplyOptions {
	return &mfa.ApplyOptions{Now: st.clock.measured, Wait: st.clock.Wait, Progress: func(at mfa.Progress) {
		if at.Stage != mfa.StageBegun && at.Stage != mfa.StageUndoing {
			steps.line(4, progressLabel(at), doneText(at))
		}
	}}
}

// lookAt shows the three states, and what the sign-in log says.
func (st *stage) lookAt(ctx context.Context, made proposal, journal mfa.Journal, changed time.Time) error {
	v, err := mfa.Verify(ctx, st.tenant, made.Plan, journal, &mfa.VerifyOptions{
		Now: st.clock.Now, Wait: st.clock.Wait, Granter: st.fake, Grant: st.grant(made.Plan, st.password),
	})
	if err != nil {
		return err
	}
	st.told.Verification = &v
	st.page.verification(v)
	log, err := mfa.SignIns(ctx, st.tenant, made.Plan.Account.ID, &mfa.SignInOptions{Now: st.clock.Now()})
	if err != nil {
		return err
	}
	report := st.told.Result.Report.WithEvidence(mfa.Evidence{SignIns: &log, ChangedAt: &changed})
	st.told.Evidence = report.Evidence
	st.page.log(*report.Evidence)
	return nil
}

// compare says whether the tenant is as it was.
func (st *stage) compare() {
	after := st.fake.Snapshot("modifiedDateTime")
	st.told.Compared, st.told.Equal = len(st.before), string(st.before) == string(after)
	text := "the tenant is as it was"
	if !st.told.Equal {
		text = "THE TENANT IS NOT AS IT WAS"
	}
	st.page.heading("BEFORE AND AFTER")
	st.page.line(4, "", fmt.Sprintf("%s: %d bytes of policies, named locations, security defaults, per-user states and group members compared", text, st.told.Compared))
}

// temporary is the journal's file, in a folder of its own.
func temporary() (path string, remove func(), err error) {
	folder, err := os.MkdirTemp("", "entramfa-exempt-")
	return filepath.Join(folder, "journal"), func() { os.RemoveAll(folder) }, err
}

// log shows what the sign-in log says, the newest first.
func (p *page) log(e mfa.Evidence) {
	p.heading("THE SIGN-IN LOG")
	log := e.SignIns
	successes, failures := log.Interactive.Successes+log.NonInteractive.Successes, log.Interactive.Failures+log.NonInteractive.Failures
	p.line(4, "", fmt.Sprintf("sign-ins of the last week: %d passed, %d refused", successes, failures))
	for _, m := range []*mfa.SignInMoment{log.LastPasswordSuccess, log.LastPasswordFailure} {
		if m != nil {
			p.line(4, m.At.UTC().Format("15:04  "), fmt.Sprintf("to %s from %s: %s", resourceName(m.Resource), m.Address, codeText(m.Code)))
		}
	}
	for _, d := range log.Demands {
		p.line(11, "", "MFA demanded by "+sourceName(d))
	}
	for _, used := range log.Policies {
		if used.LastRefused != nil {
			p.line(11, "", fmt.Sprintf("refused by the policy %q", used.Name))
		}
	}
	for _, text := range log.Missing {
		p.line(4, "missing: ", text)
	}
	for _, text := range e.Disagreements {
		p.line(4, "CONTRADICTS THE CHECK: ", text)
	}
	for _, text := range e.Caveats {
		p.line(4, "but: ", text)
	}
}

// sourceName is who demanded MFA, in the log's word where it isn't known.
func sourceName(d mfa.MFADemand) string {
	name := map[entramfa.Source]string{
		entramfa.SourceConditionalAccess: "Conditional Access", entramfa.SourcePerUserMFA: "the legacy per-user state", entramfa.SourceSecurityDefaults: "security defaults",
	}[d.Source]
	if name == "" {
		return d.Provider + " " + d.Detail
	}
	return name
}

func codeText(code int) string {
	if code == 0 {
		return "passed"
	}
	return fmt.Sprintf("refused, AADSTS%d", code)
}
