package msgraph_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

// The secrets of an enrolment, by what they are. Each has parts that stand nowhere else.
var enrolmentSecrets = map[string]string{
	"refused password": "Zebra-Contoso-4711!", "password": "Quagga;Tapir-8842#",
	"app password": "qwhfdlpmvzsktbrn", "phone": "+1 206 555 0134", "former phone": "+31 6 87654321", "wrong phone": "+44 7700 900461",
}

// parts are what would give a secret away: a phone's digits but the last two, written
// in each way, and the secret itself.
func parts(secret string) []string {
	if !strings.HasPrefix(secret, "+") {
		return []string{secret, secret[:8], secret[len(secret)-8:]}
	}
	digits := strings.ReplaceAll(secret[1:], " ", "")
	return []string{secret, digits, digits[len(digits)-7:], digits[:len(digits)-2]}
}

// indiscreetSink fails once, and repeats what it was given.
type indiscreetSink struct {
	failed bool
	kept   []mfa.Credential
}

func (s *indiscreetSink) Deliver(_ context.Context, c mfa.Credential) error {
	if !s.failed {
		s.failed = true
		return errors.New("can't keep " + c.Secret.Reveal())
	}
	s.kept = append(s.kept, c)
	return nil
}

func TestSecretsOfAWholeEnrolmentStandNowhere(t *testing.T) {
	seen := listen(t)
	logger := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(seen, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(logger) })
	secret := func(name string) mfa.Secret { return mfa.NewSecret(enrolmentSecrets[name]) }

	w := &ward{tenant: &graphfake.Tenant{BannedWords: []string{"contoso"}}, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	w.tenant.Clock = w.Now
	user := w.tenant.AddUser(mfa.User{UserPrincipalName: account, DisplayName: "Connection account", AccountEnabled: new(true), UserType: new("Member")})
	former, err := mfa.GraphPhone(enrolmentSecrets["former phone"])
	require.NoError(t, err)
	require.NoError(t, w.tenant.SetPhone(user, mfa.PhoneMobile, former.Reveal()))
	_, err = w.tenant.UpdateMobilePhone(t.Context(), user, former)
	require.NoError(t, err)
	permissions := append(append(allPermissions(), msgraph.WritePermissions()...), msgraph.EnrolmentPermissions()...)
	client, err := msgraph.Connect(grants{w.tenant, permissions}, &msgraph.Options{
		HTTPClient: &http.Client{Transport: dumping{w.tenant.Transport(), seen}},
	})
	require.NoError(t, err)
	client.SetLinger(time.Millisecond)

	report, err := mfa.Check(t.Context(), client, account, nil)
	require.NoError(t, err)
	seen.show(t, report)
	plan, err := mfa.PlanEnrolment(report, &mfa.EnrolmentOptions{Phone: secret("phone"), SetPassword: true, AppPassword: true, Now: w.now})
	require.NoError(t, err)
	seen.show(t, plan)
	path := filepath.Join(t.TempDir(), "journal")
	journal, err := mfa.OpenJournal(path)
	require.NoError(t, err)
	defer journal.Close()

	sink := &indiscreetSink{}
	passwords := []string{"refused password", "password", "password"}
	secrets := &mfa.Secrets{
		Phone: secret("wrong phone"), Sink: sink,
		Password: func(context.Context) (mfa.Secret, error) {
			next := secret(passwords[0])
			passwords = passwords[1:]
			return next, nil
		},
		AppPassword: func(context.Context) (mfa.Secret, error) {
			return mfa.Secret{}, errors.New("no app password like " + enrolmentSecrets["app password"])
		},
	}
	options := w.options()
	options.Secrets = secrets
	options.Progress = func(p mfa.Progress) { seen.show(t, p); slog.Debug("progress", "at", p) }
	apply := func() error {
		result, err := mfa.Apply(t.Context(), client, plan, journal, options)
		seen.show(t, result)
		seen.add("%v %+v %#v %+v", options, *options, *secrets, *secrets)
		if err != nil {
			seen.show(t, err)
			slog.Debug("apply", "error", err, "options", options)
		}
		return err
	}
	var refused *mfa.RefusedError
	require.ErrorAs(t, apply(), &refused, "the phone is another one than that of the plan")
	secrets.Phone = secret("phone")
	var change *mfa.ChangeError
	require.ErrorAs(t, apply(), &change, "the password holds a banned word")
	assert.Equal(t, entramfa.SetPassword, change.Change.Kind)
	require.ErrorContains(t, apply(), "the sink did not take the password")
	require.NoError(t, w.tenant.Person(user, graphfake.Script{AppPassword: true}))
	require.ErrorContains(t, apply(), "Secrets.AppPassword")
	secrets.AppPassword = func(context.Context) (mfa.Secret, error) { return secret("app password"), nil }
	require.NoError(t, apply())
	require.Len(t, sink.kept, 2)
	assert.Equal(t, enrolmentSecrets["password"], sink.kept[0].Secret.Reveal())
	assert.Equal(t, enrolmentSecrets["app password"], sink.kept[1].Secret.Reveal())
	seen.show(t, sink.kept)

	for _, number := range []string{"", "wrong phone", "former phone"} {
		secrets.FormerPhone = secret(number)
		result, err := mfa.Rollback(t.Context(), client, journal, "", options)
		seen.show(t, result)
		if number != "former phone" {
			require.ErrorContains(t, err, "FormerPhone")
			seen.show(t, err)
			continue
		}
		require.NoError(t, err)
	}

	entries, err := os.ReadFile(path)
	require.NoError(t, err)
	seen.add("%s", entries)
	seen.show(t, w.tenant.Requests())
	seen.add("%s", w.tenant.Snapshot())
	shown := seen.text.String()
	for _, heard := range []string{"PATCH /v1.0/users/" + user, "level=DEBUG", `"kind":"rolledBack"`, "[redacted]"} {
		assert.Contains(t, shown, heard, "the test must hear")
	}
	for name, text := range enrolmentSecrets {
		for _, part := range parts(text) {
			if at := strings.Index(strings.ToLower(shown), strings.ToLower(part)); at >= 0 {
				t.Errorf("the %s is shown: …%s…", name, shown[max(0, at-300):min(len(shown), at+100)])
				break
			}
		}
	}
}
