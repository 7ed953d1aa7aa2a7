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
)

// read is one method of the reader, the path that it reads and a permission that opens it.
type read struct {
	name, path, permission string
	call                   func(context.Context, mfa.Reader) error
}

// reads lists every method of mfa.Reader, of policy.Evaluator, policy.DirectoryReader and policy.EligibilityReader.
func reads(f *fixture) []read {
	return []read{
		{"User", "/users/", "User.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.User(ctx, f.service)
			return err
		}},
		{"UsersByDisplayName", "/users", "User.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.UsersByDisplayName(ctx, "Service")
			return err
		}},
		{"Requirements", "/beta/users/", "Policy.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.Requirements(ctx, f.service)
			return err
		}},
		{"Methods", "/users/", "UserAuthenticationMethod.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.Methods(ctx, f.service)
			return err
		}},
		{"Organization", "/organization", "User.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.Organization(ctx)
			return err
		}},
		{"Domain", "/domains/", "Domain.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.Domain(ctx, "contoso.com")
			return err
		}},
		{"Policies", "/identity/conditionalAccess/policies", "Policy.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.Policies(ctx)
			return err
		}},
		{"NamedLocations", "/identity/conditionalAccess/namedLocations", "Policy.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.NamedLocations(ctx)
			return err
		}},
		{"AuthenticationStrengths", "/identity/conditionalAccess/authenticationStrength", "Policy.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.AuthenticationStrengths(ctx)
			return err
		}},
		{"WhatIf", "/identity/conditionalAccess/evaluate", "Policy.Read.ConditionalAccess", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.(policy.Evaluator).WhatIf(ctx, f.question("192.0.2.7"))
			return err
		}},
		{"MemberOf", "/users/", "Directory.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.MemberOf(ctx, f.service)
			return err
		}},
		{"TransitiveMemberOf", "/users/", "User.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.TransitiveMemberOf(ctx, f.service)
			return err
		}},
		{"MemberGroups", "/groups/", "GroupMember.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.MemberGroups(ctx, f.outer)
			return err
		}},
		{"RoleAssignments", "/roleManagement/", "RoleManagement.Read.Directory", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.RoleAssignments(ctx, f.service)
			return err
		}},
		{"RoleEligibilities", "/roleManagement/", "RoleManagement.Read.Directory", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.RoleEligibilities(ctx, f.service)
			return err
		}},
		{"RoleHolders", "/roleManagement/", "RoleManagement.Read.Directory", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.RoleHolders(ctx, policy.GlobalAdministrator)
			return err
		}},
		{"ObjectsByID", "/directoryObjects/", "Directory.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.ObjectsByID(ctx, []string{f.service})
			return err
		}},
		{"SecurityDefaults", "/policies/identitySecurityDefaultsEnforcementPolicy", "Policy.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.SecurityDefaults(ctx)
			return err
		}},
		{"Users", "/users", "User.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := drain(r.(directoryReader).Users(ctx))
			return err
		}},
		{"Accounts", "/users", "User.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := drain(r.(directoryReader).Accounts(ctx))
			return err
		}},
		{"TransitiveMembers", "/groups/", "GroupMember.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := drain(r.(directoryReader).TransitiveMembers(ctx, f.outer))
			return err
		}},
		{"AllRoleAssignments", "/roleManagement/", "RoleManagement.Read.Directory", func(ctx context.Context, r mfa.Reader) error {
			_, err := drain(r.(directoryReader).AllRoleAssignments(ctx))
			return err
		}},
		{"AllRoleEligibilities", "/roleManagement/", "RoleEligibilitySchedule.Read.Directory", func(ctx context.Context, r mfa.Reader) error {
			_, err := drain(r.(directoryReader).AllRoleEligibilities(ctx))
			return err
		}},
		{"GroupEligibilities", "/identityGovernance/", "PrivilegedEligibilitySchedule.Read.AzureADGroup", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.(directoryReader).GroupEligibilities(ctx, f.roleOuter)
			return err
		}},
		{"SubscribedSKUs", "/subscribedSkus", "LicenseAssignment.Read.All", func(ctx context.Context, r mfa.Reader) error {
			_, err := r.SubscribedSKUs(ctx)
			return err
		}},
	}
}

func testNotFound(t *testing.T, newReader Maker) {
	f := build(t)
	reader := newReader(t, f.tenant)
	const nobody = "99999999-9999-4999-8999-999999999999"
	for name, call := range map[string]func(ctx context.Context) error{
		"User by id":          func(ctx context.Context) error { _, err := reader.User(ctx, nobody); return err },
		"User by name":        func(ctx context.Context) error { _, err := reader.User(ctx, "nobody@contoso.com"); return err },
		"User, deleted":       func(ctx context.Context) error { _, err := reader.User(ctx, f.deleted); return err },
		"Requirements":        func(ctx context.Context) error { _, err := reader.Requirements(ctx, nobody); return err },
		"Methods":             func(ctx context.Context) error { _, err := reader.Methods(ctx, nobody); return err },
		"Domain":              func(ctx context.Context) error { _, err := reader.Domain(ctx, "example.org"); return err },
		"MemberOf":            func(ctx context.Context) error { _, err := reader.MemberOf(ctx, nobody); return err },
		"TransitiveMemberOf":  func(ctx context.Context) error { _, err := reader.TransitiveMemberOf(ctx, nobody); return err },
		"MemberGroups":        func(ctx context.Context) error { _, err := reader.MemberGroups(ctx, nobody); return err },
		"MemberGroups, user?": func(ctx context.Context) error { _, err := reader.MemberGroups(ctx, f.service); return err },
	} {
		graph := graphErrorOf(t, call(t.Context()), entramfa.ErrNotFound, name)
		assert.Equal(t, http.StatusNotFound, graph.Status, name)
		assert.NotEmpty(t, graph.Code, name)
		assert.NotEmpty(t, graph.RequestID, name)
		assert.Equal(t, http.MethodGet, graph.Method, name)
		assert.NotEmpty(t, graph.Path, name)
	}
}

func testPermission(t *testing.T, newReader Maker) {
	for _, r := range reads(build(t)) {
		f := build(t)
		reader := newReader(t, f.tenant)
		f.tenant.Fail(graphfake.Failure{Path: r.path, Err: &entramfa.GraphError{Status: http.StatusForbidden}})
		graph := graphErrorOf(t, r.call(t.Context(), reader), entramfa.ErrPermission, r.name)
		assert.Equal(t, http.StatusForbidden, graph.Status, r.name)
		assert.Contains(t, graph.Permissions, r.permission, r.name)
		assert.Contains(t, graph.Error(), r.permission, r.name)
	}
}

func testThrottled(t *testing.T, newReader Maker) {
	for _, r := range reads(build(t)) {
		f := build(t)
		reader := newReader(t, f.tenant)
		throttled(t, f, "", r.path, r.name, func() error { return r.call(t.Context(), reader) })
	}
}

// throttled throttles a call twice: it says so, or waits, and succeeds when the
// service lets it.
func throttled(t *testing.T, f *fixture, method, path, name string, call func() error) {
	t.Helper()
	f.tenant.Fail(graphfake.Failure{Method: method, Path: path, Times: 2, Err: &entramfa.GraphError{Status: http.StatusTooManyRequests}})
	var err error
	for range 3 {
		if err = call(); err == nil {
			break
		}
		require.ErrorIs(t, err, entramfa.ErrThrottled, name)
	}
	assert.NoError(t, err, name+" succeeds when the service lets it")
}

// testUnavailable: what could not be read is an error, never an empty answer.
func testUnavailable(t *testing.T, newReader Maker) {
	for _, r := range reads(build(t)) {
		f := build(t)
		reader := newReader(t, f.tenant)
		f.tenant.Fail(graphfake.Failure{Path: r.path, Err: &entramfa.GraphError{Status: http.StatusInternalServerError}})
		assert.ErrorIs(t, r.call(t.Context(), reader), entramfa.ErrUnavailable, r.name)
	}
}
