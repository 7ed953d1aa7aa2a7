package conformance

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// write is one method that writes, its path, its verb and the permission for it.
type write struct {
	name, method, path, permission string
	call                           func(context.Context, mfa.ReadWriter) error
}

// writes lists every method that changes a tenant.
func writes(f *fixture) []write {
	const policies, locations = "/identity/conditionalAccess/policies", "/identity/conditionalAccess/namedLocations"
	spare := f.tenant.AddNamedLocation(policy.NamedLocation{DisplayName: "Spare"})
	return []write{
		{"UpdatePolicy", http.MethodPatch, policies, "Policy.ReadWrite.ConditionalAccess", func(ctx context.Context, w mfa.ReadWriter) error {
			_, err := w.UpdatePolicy(ctx, f.plain, policy.Patch{ExcludeUsers: []string{f.service}})
			return err
		}},
		{"CreatePolicy", http.MethodPost, policies, "Policy.ReadWrite.ConditionalAccess", func(ctx context.Context, w mfa.ReadWriter) error {
			_, _, err := w.CreatePolicy(ctx, newPolicy("New", policy.StateReportOnly))
			return err
		}},
		{"DeletePolicy", http.MethodDelete, policies, "Policy.ReadWrite.ConditionalAccess", func(ctx context.Context, w mfa.ReadWriter) error {
			_, err := w.DeletePolicy(ctx, f.plain)
			return err
		}},
		{"CreateNamedLocation", http.MethodPost, locations, "Policy.ReadWrite.ConditionalAccess", func(ctx context.Context, w mfa.ReadWriter) error {
			_, _, err := w.CreateNamedLocation(ctx, policy.NamedLocation{Type: policy.CountryNamedLocation, DisplayName: "New", CountriesAndRegions: []string{"SE"}})
			return err
		}},
		{"DeleteNamedLocation", http.MethodDelete, locations, "Policy.ReadWrite.ConditionalAccess", func(ctx context.Context, w mfa.ReadWriter) error {
			_, err := w.DeleteNamedLocation(ctx, spare)
			return err
		}},
		{"UpdateSecurityDefaults", http.MethodPatch, "/policies/identitySecurityDefaultsEnforcementPolicy", "Policy.ReadWrite.SecurityDefaults", func(ctx context.Context, w mfa.ReadWriter) error {
			_, err := w.UpdateSecurityDefaults(ctx, false)
			return err
		}},
		{"UpdateRequirements", http.MethodPatch, "/beta/users/", "Policy.ReadWrite.AuthenticationMethod", func(ctx context.Context, w mfa.ReadWriter) error {
			_, err := w.UpdateRequirements(ctx, f.service, mfa.PerUserDisabled)
			return err
		}},
		{"AddGroupMember", http.MethodPost, "/groups/", "GroupMember.ReadWrite.All", func(ctx context.Context, w mfa.ReadWriter) error {
			_, err := w.AddGroupMember(ctx, f.circleA, f.disabled)
			return err
		}},
		{"RemoveGroupMember", http.MethodDelete, "/groups/", "GroupMember.ReadWrite.All", func(ctx context.Context, w mfa.ReadWriter) error {
			_, err := w.RemoveGroupMember(ctx, f.circleA, f.service)
			return err
		}},
	}
}

func testWriteNotFound(t *testing.T, newReadWriter WriterMaker) {
	const nothing = "99999999-9999-4999-8999-999999999999"
	f := build(t)
	w := newReadWriter(t, f.tenant)
	before := f.tenant.Snapshot()
	for name, call := range map[string]func(ctx context.Context) error{
		"Policy": func(ctx context.Context) error { _, err := w.Policy(ctx, nothing); return err },
		"UpdatePolicy": func(ctx context.Context) error {
			_, err := w.UpdatePolicy(ctx, nothing, policy.Patch{State: new(policy.StateDisabled)})
			return err
		},
		"DeletePolicy":        func(ctx context.Context) error { _, err := w.DeletePolicy(ctx, nothing); return err },
		"DeleteNamedLocation": func(ctx context.Context) error { _, err := w.DeleteNamedLocation(ctx, nothing); return err },
		"UpdateRequirements": func(ctx context.Context) error {
			_, err := w.UpdateRequirements(ctx, nothing, mfa.PerUserDisabled)
			return err
		},
		"AddGroupMember, group":    func(ctx context.Context) error { _, err := w.AddGroupMember(ctx, nothing, f.service); return err },
		"AddGroupMember, member":   func(ctx context.Context) error { _, err := w.AddGroupMember(ctx, f.circleA, nothing); return err },
		"RemoveGroupMember, group": func(ctx context.Context) error { _, err := w.RemoveGroupMember(ctx, nothing, f.service); return err },
		"RemoveGroupMember, none":  func(ctx context.Context) error { _, err := w.RemoveGroupMember(ctx, f.circleA, f.disabled); return err },
	} {
		graph := graphErrorOf(t, call(t.Context()), entramfa.ErrNotFound, name)
		assert.Equal(t, http.StatusNotFound, graph.Status, name)
		assert.NotEmpty(t, graph.RequestID, name)
		assert.NotEmpty(t, graph.Path, name)
	}
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))
}

// testWriteRefused: what the service refuses has a kind, and changes nothing.
func testWriteRefused(t *testing.T, newReadWriter WriterMaker) {
	for status, kind := range map[int]error{
		http.StatusForbidden: entramfa.ErrPermission, http.StatusConflict: entramfa.ErrConflict,
		http.StatusPreconditionFailed: entramfa.ErrConflict, http.StatusInternalServerError: entramfa.ErrUnavailable,
	} {
		for i, wr := range writes(build(t)) {
			f := build(t)
			wr = writes(f)[i]
			w := newReadWriter(t, f.tenant)
			before := f.tenant.Snapshot()
			f.tenant.Fail(graphfake.Failure{Method: wr.method, Path: wr.path, Err: &entramfa.GraphError{Status: status}})
			graph := graphErrorOf(t, wr.call(t.Context(), w), kind, wr.name)
			assert.Equal(t, status, graph.Status, wr.name)
			assert.Equal(t, wr.method, graph.Method, wr.name)
			assert.NotEmpty(t, graph.RequestID, wr.name)
			if status == http.StatusForbidden {
				assert.Contains(t, graph.Permissions, wr.permission, wr.name)
			}
			assert.Equal(t, string(before), string(f.tenant.Snapshot()), wr.name)
		}
	}
}

func testWriteLicence(t *testing.T, newReadWriter WriterMaker) {
	f := &fixture{tenant: &graphfake.Tenant{}}
	id, err := f.tenant.AddPolicy(newPolicy("From better days", policy.StateEnabled))
	require.NoError(t, err)
	f.tenant.AddSubscribedSKU(securitydefaults.SubscribedSKU{SKUPartNumber: "AAD_PREMIUM", CapabilityStatus: "Suspended",
		ServicePlans: []securitydefaults.ServicePlan{{ServicePlanID: planP1, ProvisioningStatus: "Success"}}})
	w := newReadWriter(t, f.tenant)
	before := f.tenant.Snapshot()
	_, _, err = w.CreatePolicy(t.Context(), newPolicy("New", policy.StateReportOnly))
	graphErrorOf(t, err, entramfa.ErrLicense, "a new policy")
	_, err = w.UpdatePolicy(t.Context(), id, policy.Patch{ExcludeUsers: []string{}})
	graphErrorOf(t, err, entramfa.ErrLicense, "an edit")
	_, err = w.UpdatePolicy(t.Context(), id, policy.Patch{State: new(policy.StateDisabled), ExcludeUsers: []string{}})
	graphErrorOf(t, err, entramfa.ErrLicense, "an edit that also disables")
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))

	_, err = w.UpdatePolicy(t.Context(), id, policy.Patch{State: new(policy.StateDisabled)})
	require.NoError(t, err, "it can be disabled")
	_, err = w.DeletePolicy(t.Context(), id)
	require.NoError(t, err, "and deleted")
}

func testWriteThrottled(t *testing.T, newReadWriter WriterMaker) {
	for i, wr := range writes(build(t)) {
		f := build(t)
		wr = writes(f)[i]
		w := newReadWriter(t, f.tenant)
		throttled(t, f, wr.method, wr.path, wr.name, func() error { return wr.call(t.Context(), w) })
	}
}

// testWriteOnce: a write whose outcome is open is not repeated.
func testWriteOnce(t *testing.T, newReadWriter WriterMaker) {
	for _, failure := range []graphfake.Failure{
		{Applied: true, Err: &entramfa.GraphError{Status: http.StatusGatewayTimeout}},
		{Applied: true, Err: &entramfa.GraphError{Status: http.StatusServiceUnavailable}},
		{Cut: true},
	} {
		for i := range writes(build(t)) {
			f := build(t)
			wr := writes(f)[i]
			calls := f.counted(wr.method)
			w := newReadWriter(t, f.tenant)
			failure.Method, failure.Path = wr.method, wr.path
			f.tenant.Fail(failure)
			assert.ErrorIs(t, wr.call(t.Context(), w), entramfa.ErrUnavailable, wr.name)
			assert.Equal(t, 1, *calls, wr.name+" was sent once")
		}
	}
}

// counted counts the requests that a tenant gets by a method.
func (f *fixture) counted(method string) *int {
	calls := new(int)
	f.tenant.Before = func(by, _ string) {
		if by == method {
			*calls++
		}
	}
	return calls
}

func testWriteCancelled(t *testing.T, newReadWriter WriterMaker) {
	f := build(t)
	all := writes(f)
	w := newReadWriter(t, f.tenant)
	before := f.tenant.Snapshot()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, wr := range all {
		assert.ErrorIs(t, wr.call(ctx, w), context.Canceled, wr.name)
	}
	_, err := w.Policy(ctx, f.plain)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = w.Identity(ctx)
	if err != nil { // who knows it from the start needs no call
		assert.ErrorIs(t, err, context.Canceled)
	}
	assert.Equal(t, string(before), string(f.tenant.Snapshot()))
}
