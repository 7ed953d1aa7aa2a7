package mfa_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// While a throttled write waits, an administrator excludes the emergency account: to
// send the list again as it was would put the account under MFA again.
func TestThrottledWriteIsNotSentAgainWithoutARead(t *testing.T) {
	const emergency = "55555555-0000-4000-8000-000000000001"
	const busy = 30 * time.Second
	for name, back := range map[string]bool{"apply": false, "rollback": true} {
		t.Run(name, func(t *testing.T) {
			tenant, user, clock := licensedTenant(t)
			tenant.AddUser(mfa.User{ID: emergency, UserPrincipalName: "breakglass@contoso.com"})
			id := addPolicy(t, tenant, "Require MFA", `{"includeUsers":["All"]}`, "mfa")
			plan := planFor(t, tenant, user, exchangeFromOffice(), nil)
			journal := journalAt(t)
			opts := clock.options()
			run := func() error { _, err := mfa.Apply(t.Context(), tenant, plan, journal, opts); return err }
			if back {
				require.NoError(t, run())
				run = func() error { _, err := mfa.Rollback(t.Context(), tenant, journal, "", opts); return err }
			}
			tenant.Fail(graphfake.Failure{Method: http.MethodPatch, Path: "/identity/conditionalAccess/policies/" + id, Times: 1,
				Err: &entramfa.GraphError{Status: http.StatusTooManyRequests, RetryAfter: busy}})
			waited := 0
			opts.Wait = func(ctx context.Context, d time.Duration) error {
				if d == busy {
					waited++
					p, err := tenant.Policy(ctx, id)
					require.NoError(t, err)
					_, err = tenant.UpdatePolicy(ctx, id, policy.Patch{ExcludeUsers: append(append([]string{}, excluded(p)...), emergency)})
					require.NoError(t, err)
				}
				return clock.Wait(ctx, d)
			}
			err := run()
			require.ErrorIs(t, err, entramfa.ErrConflict)
			assert.ErrorContains(t, err, emergency)
			assert.Equal(t, 1, waited)
			p, err := tenant.Policy(t.Context(), id)
			require.NoError(t, err)
			assert.Contains(t, excluded(p), emergency)
		})
	}
}
