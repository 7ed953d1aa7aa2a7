// Package graphfake is an in-memory Microsoft Entra tenant for tests, examples
// and offline answers.
//
// A [Tenant] has two faces over one state. Its methods satisfy [mfa.ReadWriter],
// [mfa.Enroller], [mfa.PasswordGranter], [mfa.SignInLogReader] and
// [policy.DirectoryReader], so that a check and a change run on it without any network. And it is an
// http.Handler that speaks Microsoft Graph, v1.0 and beta, and the authority beside it,
// so that a real client runs against it:
//
//	var tenant graphfake.Tenant
//	server := httptest.NewTLSServer(&tenant)
//
// The zero Tenant is an empty tenant with security defaults off. [Load] makes
// one of exported JSON; such a tenant knows what it doesn't know.
//
// The fake is strict: an unknown route, verb, query option or member of a write
// gets the OData error that Graph gives, and stands in [Tenant.Requests]; what it has no
// route for stands in [Tenant.Unknown]. It refuses
// what the real service refuses: a token without the permission, an enabled policy
// while security defaults are on, v1.0 for a policy that only beta can show, an edit
// without a licence or of a locked part of a policy of Microsoft's. Such refusals
// are states of the tenant; [Tenant.Fail] arranges others.
//
// # Arranging and writing
//
// The methods that take no context arrange a tenant: AddPolicy, SetPerUserState.
// They stand for no call, take more than the service would, and are seen at once.
// Those with a context each stand for one call of Graph, and so do the requests
// over HTTP: Fail, throttling, Before and ReplicationDelay are about them.
// Where the words or the code of a refusal are not published, a comment beside
// it says so.
//
// # Keeping, comparing and disturbing
//
// [Tenant.WriteState] and [ReadState] keep a whole tenant over a restart, [Tenant.Save] writes
// an export for [Load]. [Diff] tells in what two tenants differ, [Tenant.Written] what each
// call changed. [Weather] is Graph's limits and the way to it; [Failure] is what goes
// wrong on the way, by path, by count and by chance. As a program the tenant is served by
// examples/fakegraph of this module.
//
// # Limits
//
// A write changes Conditional Access policies, named locations, authentication strengths
// and contexts, security defaults, per-user states, the policy of authentication
// methods, the methods and passwords of accounts, users, groups with their members and
// owners, custom roles and who holds which role, applications and service principals with
// their secrets, certificates and app roles. Of what it deletes policies, users, groups,
// applications and service principals can be restored. A user is created in a domain
// that the tenant has: AddDomain, or AddUser, gives it one. That users, groups, roles and
// applications in a policy exist is not looked at. An ETag is neither sent nor asked for.
// A request for a role is done at once: nothing approves it. In a tenant that was loaded, a
// group that a user was said to be in stays among the user's after a write took the
// user out of it.
//
// A token that a sign-in gives opens what its scopes and the directory roles of the
// account open; roles are those of the documentation of each call, tenant-wide and
// active. That the owner of a group may change it, that an administrator of a unit may
// change what is in it, and that a guest may read less are not looked at. A token that
// [Tenant.Token] makes for an account holds app roles instead, and its directory roles
// are asked for where credentials are written, and nowhere else. Consent is looked at
// for Microsoft Graph, and that a scope exists is not. What only a person can do is
// done by [Tenant.Person] and [Tenant.AnswerDeviceCode].
// Administrative units and devices are no objects of the tenant. Of Microsoft's
// service principals it has that of Microsoft Graph, and those that are created.
// A group with hidden membership hides its members from a token without
// Member.Read.Hidden, and stays in the lists of its members' groups.
// A role that AssignRole gives counts from the moment it is made, without ReplicationDelay.
//
// The authority gives tokens for client credentials, passwords, device codes and
// refresh tokens; authorization codes and on-behalf-of are refused. It judges the very
// sign-in that is made: its resource, its client, its flow, its address, no registered
// device, no risk. The platform is unknown whatever the user agent says. How often a
// policy wants a sign-in, and other session controls, are not looked at. Applications are
// judged by the policies that name them by id or mean all; their attributes aren't known.
// Tokens for Graph can be verified by anybody, which those of the real service can't;
// they are signed by ES256 unless [Tenant.SigningKey] is set, where the real ones are by RS256.
// No refresh token outlives the process, nor does another token without SigningKey.
// Graph challenges the token of a session that was revoked where its client has the capability cp1, at once
// and for nothing else: not for an address, nor for a risk.
// The sign-ins that the authority sees and what AddSignIn adds stand in the sign-in log,
// the latter whatever it holds.
package graphfake

import (
	"crypto/rsa"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// DefaultTenantID is the id of a Tenant that was given none.
const DefaultTenantID = "7e0a5b1c-3d52-4c1e-9f60-0a1b2c3d4e5f"

// Tenant is an in-memory Entra tenant. The zero Tenant is ready to use. Its
// methods may be called concurrently; the fields are set before the first use.
//
// The methods of [mfa.ReadWriter] each stand for one call of Graph, and those of
// [policy.DirectoryReader] for one call a page, which Fail and
// ThrottleConditionalAccess refuse as they refuse it by HTTP. Their errors are
// *entramfa.GraphError, or, in a tenant that was loaded, an error that is
// entramfa.ErrNotRead, or io.ErrUnexpectedEOF where an answer was cut. What they return is shared: it must not be changed.
type Tenant struct {
	// TenantID is the id of the tenant; empty means DefaultTenantID.
	TenantID string
	// PageSize is the largest number of objects that one HTTP answer, or a page of
	// a stream, holds. 0 means what Graph does: 100 in the directory unless more are
	// asked for, all in Conditional Access.
	PageSize int
	// Clock tells the time for tokens, errors and throttling; nil means time.Now.
	Clock func() time.Time
	// NewID makes the ids of what is added without one; nil means valid
	// version 4 GUIDs that count up, the same in every run.
	NewID func() string
	// ThrottleConditionalAccess lets one call a second through to Conditional
	// Access, by Clock, whoever calls; the others get 429 without Retry-After.
	// Source: https://learn.microsoft.com/graph/throttling-limits.
	ThrottleConditionalAccess bool
	// ThrottledBatchIs424 makes a $batch answer 424 as a whole when one of its
	// items was throttled, as https://learn.microsoft.com/graph/throttling says;
	// https://learn.microsoft.com/graph/json-batching says 200, and so does the zero Tenant.
	ThrottledBatchIs424 bool
	// Before is called before each call of Graph is served, by HTTP and by method,
	// with the verb and the path with its version, the path under the first of its
	// names: a test can act there as another administrator would, by the methods
	// that take no context. An item of a batch is a call.
	Before func(method, path string)
	// Log is given each request over HTTP when it is answered, and Requests and Written
	// then keep none: for a program that serves for days. It is called by several requests at once.
	Log func(Request)

	// SigningKey signs the tokens by RS256, as those of the real service are signed;
	// nil means a key of the tenant's own on the curve P-256, by ES256, which is made
	// at no cost that a test would notice. Either is published as the authority publishes it.
	SigningKey *rsa.PrivateKey

	// Caller is who calls by method, and whose tokens Tenant.Token makes. The zero
	// Identity is an application of the tenant.
	Caller mfa.Identity
	// ReplicationDelay is for how long, by Clock, reads and sign-ins go on to see
	// the policies, named locations, security defaults, per-user states, phones and
	// objects of the directory as they were before a write. Writes see the truth, and
	// what a write changes as it was before: policies and what they name, security
	// defaults, per-user states, group members, roles, methods and profiles. Writes see the truth, and
	// what is arranged by the methods without a context is seen at once. So is a
	// password, and what a person does.
	ReplicationDelay time.Duration
	// Weather is what stands between a client and the service.
	Weather Weather
	// MaxPolicies is how many Conditional Access policies the tenant takes, in any
	// state and of any origin; 0 means no limit. The number of the real service has
	// changed, and is not published as a promise.
	MaxPolicies int
	// ProtectedActions makes writes of Conditional Access policies want a token with
	// an authentication context, which no token of this tenant has: they are refused.
	// Source: https://learn.microsoft.com/entra/identity/role-based-access-control/protected-actions-overview.
	ProtectedActions bool
	// ManagedPoliciesAppear makes Microsoft put its managed policies into the tenant
	// when a write switches security defaults off, in the state ManagedPolicyState,
	// report-only where it is empty.
	// Source: https://learn.microsoft.com/entra/identity/conditional-access/managed-policies.
	ManagedPoliciesAppear bool
	ManagedPolicyState    policy.State

	// SignInAddress is where sign-ins come from; the zero Addr means where
	// the request comes from, and for PasswordGrant that it isn't known.
	SignInAddress netip.Addr
	// TrustForwardedFor takes the address of a sign-in from the header
	// X-Forwarded-For, where a request has one.
	TrustForwardedFor bool
	// CountryOf tells the country of an address, as two letters of ISO 3166, and ""
	// where none is known. nil tells none: an address that isn't public has no
	// country, and that of a public one isn't decided.
	CountryOf func(netip.Addr) string
	// AllowUndecided lets a sign-in pass of which the state doesn't tell
	// whether something stands in its way: security defaults ask users for MFA when
	// Microsoft finds it necessary, a policy on certain apps may concern a service
	// behind Graph, a country isn't known. The zero Tenant refuses it, as if it did,
	// and with AADSTS90033 where what it would do isn't known either.
	AllowUndecided bool
	// PasswordGrantsInteractive writes password grants to the log of interactive
	// sign-ins, else to the other: public samples show either.
	PasswordGrantsInteractive bool
	// SignInLatency is after what time a sign-in shows in the log, by Clock. The
	// service needs minutes, and may need hours; the zero Tenant shows it at once.
	SignInLatency time.Duration

	// NoPhoneAPI is the cloud that 21Vianet operates: it has no phoneMethods.
	// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-update.
	NoPhoneAPI bool
	// PhoneFinishesRegistration makes a phone that an administrator registers move an
	// account from enabled to enforced, as it moves when its person registers. Whether
	// the service does so is not documented.
	PhoneFinishesRegistration bool
	// BannedWords are words that no password may hold, beside the rules for all tenants.
	// Source: https://learn.microsoft.com/entra/identity/authentication/concept-password-ban-bad.
	BannedWords []string
	// ApplicationsNeedRoles makes an application need a directory role, as an account
	// does, to change phones and passwords: AssignRole with its Principal gives one.
	// Microsoft documents it for passwords, and for phones neither way.
	// Source: https://learn.microsoft.com/graph/api/user-update.
	ApplicationsNeedRoles bool
	// PasswordResetTakes is how long a reset runs, by Clock; 0 means that the second
	// question for it finds it done. PasswordResetFails makes it fail, with this detail.
	PasswordResetTakes time.Duration
	PasswordResetFails string
	// RegistrationLatency is how far the report on registrations lags behind, by Clock.
	// The zero Tenant's doesn't.
	RegistrationLatency time.Duration

	mu        sync.Mutex
	made      int // ids made so far
	requested int // request ids made so far
	directory directory
	failures  []*failure
	lastCA    time.Time
	log       []Request
	skipped   []string
	signer    *keyring
	devices   table[deviceGrant] // by device code
	packers   sync.Pool          // of *gzip.Writer
	judges    *Tenant
	turn      chan struct{} // held by the plan that changes the tenant
	recent    []recentWrite
	people    table[person] // by user id
	writes    []recordedWrite
	dice      *rand.Rand // made at the first throw
	meters    map[meter]window
}

// directory is the state of a tenant. It is read and written under Tenant.mu. A copy
// of it is a state of its own: what a table holds is replaced, never changed.
type directory struct {
	users         table[mfa.User]
	upns          table[string] // ids by user principal name
	groups        table[policy.Group]
	members       table[memberSet] // by group id, the users and groups in it
	above         table[memberSet] // by member id, the groups that it is in
	definitions   table[policy.RoleDefinition]
	assignments   table[policy.RoleAssignment]
	eligibilities table[policy.RoleAssignment]
	joiners       table[policy.GroupEligibility]
	roleTimes     table[roleTime] // of roles that begin later or end
	roleRequests  table[roleRequest]
	policies      table[policy.Policy]
	deleted       table[policy.Policy] // by a write: they can be restored
	locations     table[policy.NamedLocation]
	strengths     table[policy.AuthenticationStrength]
	defaults      securitydefaults.Policy
	contexts      table[object] // authentication contexts
	// methodsPolicyOwn is what was written of the methods policy beside its configurations.
	methodsPolicyOwn object
	skus             table[securitydefaults.SubscribedSKU]
	domains          table[mfa.Domain]
	organization     object
	requirements     table[mfa.Requirements] // by user id
	counted          table[bool]             // by user id; what is registered had its effect on the state
	methods          table[[]method]         // by user id; without the password
	earlier          table[[]earlier]        // by user id; what the report still shows
	passwords        table[password]         // by user id
	mobiles          table[string]           // by user id; the number of the profile

	defaultMethods table[string] // by user id, the id of a method
	appPasswords   table[int]    // by user id
	methodPolicies table[mfa.MethodConfiguration]
	preferences    table[preference] // by user id
	resets         table[reset]

	applications table[Application]
	registered   table[registration]  // applications, by object id
	principals   table[registration]  // service principals, by object id
	credentials  table[[]credential]  // by the object id of an application or a service principal
	grants       table[roleGrant]     // app roles that principals have, by id
	owners       table[memberSet]     // by object id
	managers     table[string]        // by user id
	activated    table[string]        // roles that were activated, by template id
	bin          table[deletedObject] // users, groups and applications that can be restored
	signIns      table[loggedSignIn]
	revocations  int        // how often sessions were revoked
	sessions     table[int] // by user id, the last revocation of the account's
	held         *holdings  // nil: the whole truth is here
}

// Skipped returns the files that Load left out because no check asks for what
// they hold, by their path in their file system.
func (t *Tenant) Skipped() []string { return slices.Clone(t.skipped) }

// ID returns the tenant's id.
func (t *Tenant) ID() string {
	if t.TenantID == "" {
		return DefaultTenantID
	}
	return t.TenantID
}

func (t *Tenant) now() time.Time {
	if t.Clock == nil {
		return time.Now()
	}
	return t.Clock()
}

// judge returns a reader of the same state in whose way no arranged failure and
// no limit stands, as none stands in the way of the service when it judges a sign-in.
func (t *Tenant) judge() *Tenant { return &Tenant{judges: t} }

// newID makes an id for an object; the caller holds mu.
func (t *Tenant) newID() string {
	if t.NewID != nil {
		return t.NewID()
	}
	t.made++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", t.made, t.made)
}

// newRequestID makes what request-id holds.
func (t *Tenant) newRequestID() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requested++
	return fmt.Sprintf("%08x-0000-4000-9000-%012x", t.requested, t.requested)
}

// idOr returns id, or a new one where it is empty; the caller holds mu.
func (t *Tenant) idOr(id string) string {
	if id == "" {
		return t.newID()
	}
	return id
}

// timestamp writes a time as Conditional Access does.
func timestamp(at time.Time) *string {
	text := at.UTC().Format("2006-01-02T15:04:05.0000000Z")
	return &text
}
