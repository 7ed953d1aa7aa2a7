package main

import (
	"context"
	"crypto/rand"
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

//go:embed tenant
var embedded embed.FS

// The account of the built-in tenant, and its phone, of a range that nobody has.
const (
	displayName = "Cloud App Security Service Account for SharePoint"
	phone       = "+1 206 555 0134"
)

const day = 24 * time.Hour

// clock is that of the built-in tenant: it moves where somebody waits.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// Wait moves the clock in the place of waiting.
func (c *clock) Wait(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

// stage is the built-in tenant with what the product and the person behind the
// account know.
type stage struct {
	page     *page
	fake     *graphfake.Tenant
	clock    *clock
	plan     mfa.Plan
	journal  string
	password mfa.Secret
	told     told
}

// told is the whole way as JSON gives it.
type told struct {
	Plan       *mfa.Plan   `json:"plan"`
	Applied    *mfa.Result `json:"applied"`
	Resumed    *mfa.Result `json:"resumed"`
	RolledBack *mfa.Result `json:"rolledBack"`
}

// demonstrate goes the whole way on the built-in tenant.
func demonstrate(ctx context.Context, opts options, stdout io.Writer) error {
	st, err := newStage(opts.page(stdout))
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "enrol")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	st.journal = filepath.Join(folder, "journal")
	for _, act := range []func(context.Context) error{st.propose, st.apply, st.resume, st.look, st.rollBack} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	if opts.json {
		return layout.JSON(stdout, st.told)
	}
	return nil
}

func newStage(page *page) (*stage, error) {
	fake, err := open.Embedded(embedded, "tenant")
	if err != nil {
		return nil, err
	}
	st := &stage{page: page, fake: fake, clock: &clock{time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}, password: mfa.NewSecret(rand.Text())}
	fake.Clock = st.clock.Now
	return st, nil
}

// propose checks the account, which is found by its display name, and plans.
func (st *stage) propose(ctx context.Context) error {
	profile := policy.SharePointSignIn()
	report, err := mfa.Check(ctx, st.fake, displayName, &mfa.Options{Profile: &profile, Now: st.clock.now})
	if err != nil {
		return err
	}
	title := "Enrolment of " + report.Account.DisplayName
	fmt.Fprintf(st.page.out, "%s\n%s\n\n", title, strings.Repeat("=", len(title)))
	name := report.Account.UserPrincipalName
	if err := st.fake.GivePassword(name, st.password.Reveal()); err != nil {
		return err
	}
	if err := st.signIn(ctx, name); err != nil {
		return err
	}
	st.plan, err = mfa.PlanEnrolment(report, &mfa.EnrolmentOptions{Phone: mfa.NewSecret(phone), SetPassword: true, AppPassword: true, Now: st.clock.now, ID: "example1"})
	if err != nil {
		return err
	}
	st.page.truth(report)
	st.page.plan(st.plan)
	st.told.Plan = &st.plan
	return nil
}

// signIn signs the account in with its password alone, as the product does.
func (st *stage) signIn(ctx context.Context, name string) error {
	result, err := mfa.Probe(ctx, st.fake, mfa.PasswordGrant{
		Username: name, Password: st.password, Resource: mfa.SharePointOnline, ClientID: open.CommandLineTools,
	}, &mfa.ProbeOptions{Now: st.clock.now})
	if err != nil {
		return err
	}
	st.page.line(2, "", name+" signs in to SharePoint Online with its password alone")
	st.page.line(4, "", result.Text)
	for _, code := range result.Codes {
		st.page.line(4, "", fmt.Sprintf("refused with AADSTS%d", code))
	}
	return nil
}

// apply applies the plan. The person comes three days later.
func (st *stage) apply(ctx context.Context) error {
	err := st.fake.Person(st.plan.Account.ID, graphfake.Script{After: 3 * day, Registers: authenticator, AppPassword: true})
	if err != nil {
		return err
	}
	st.page.heading("APPLY")
	return st.do(&st.told.Applied, func(journal mfa.Journal) (mfa.Result, error) {
		return mfa.Apply(ctx, st.fake, st.plan, journal, st.options())
	})
}

// authenticator is what the person registers beside the phone.
const authenticator = "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"

// resume goes on from the journal, as another process would.
func (st *stage) resume(ctx context.Context) error {
	st.clock.now = st.clock.now.Add(4 * day)
	st.page.heading("FOUR DAYS LATER: RESUME FROM THE JOURNAL")
	return st.do(&st.told.Resumed, func(journal mfa.Journal) (mfa.Result, error) {
		return mfa.Resume(ctx, st.fake, journal, "", st.options())
	})
}

// look shows what the account is now.
func (st *stage) look(ctx context.Context) error {
	state, err := st.fake.Requirements(ctx, st.plan.Account.ID)
	if err != nil {
		return err
	}
	st.page.heading("NOW")
	st.page.line(2, "", "the per-user MFA state is "+string(state.PerUserMFAState))
	return st.signIn(ctx, st.plan.Account.UserPrincipalName)
}

func (st *stage) rollBack(ctx context.Context) error {
	st.page.heading("ROLL BACK")
	return st.do(&st.told.RolledBack, func(journal mfa.Journal) (mfa.Result, error) {
		return mfa.Rollback(ctx, st.fake, journal, "", st.options())
	})
}

// do opens the journal for one act, and shows what it did.
func (st *stage) do(told **mfa.Result, act func(mfa.Journal) (mfa.Result, error)) error {
	journal, err := mfa.OpenJournal(st.journal)
	if err != nil {
		return err
	}
	defer journal.Close()
	result, err := act(journal)
	*told = &result
	st.page.result(result)
	return err
}

// options wait with the clock of the tenant, and take the app password from the
// person, who has none before there is one.
func (st *stage) options() *mfa.ApplyOptions {
	sink := &tellingSink{page: st.page, keep: func(c mfa.Credential) {
		if c.Kind == mfa.CredentialPassword {
			st.password = c.Secret
		}
	}}
	return &mfa.ApplyOptions{Now: st.clock.Now, Wait: st.clock.Wait, Progress: st.page.progress, Secrets: &mfa.Secrets{
		Phone: mfa.NewSecret(phone), Sink: sink,
		AppPassword: func(context.Context) (mfa.Secret, error) {
			if st.fake.AppPasswords(st.plan.Account.ID) == 0 {
				return mfa.Secret{}, nil
			}
			return mfa.NewSecret(rand.Text()), nil
		},
	}}
}
