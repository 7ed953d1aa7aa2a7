package graphfake

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// Weather is what a client meets on the way to a service that works: its limits and
// its delays. What goes wrong is arranged by Tenant.Fail, some of it by chance. The zero
// Weather is fine.
type Weather struct {
	// Seed makes the dice: calls that come in the same order meet the same weather in
	// each run, and in each clone.
	Seed uint64
	// Latency is how long a request over HTTP waits before it is served, and Spread how
	// much longer at most, evenly spread. A request whose context ends is not
	// served. It is real time, and no time of Clock.
	Latency, Spread time.Duration
	// Limits are Graph's, by Clock: ThrottleConditionalAccess, and of requests over HTTP,
	// per application, 5 requests in 10 seconds to reports, and in the
	// directory resource units in 10 seconds, 3500, 5000 or 8000 by the number of accounts, and
	// 3000 writes in 150 seconds. Answers of the directory say what they cost.
	// Source: https://learn.microsoft.com/graph/throttling-limits.
	Limits bool
}

// roll throws the dice: at least 0, and less than 1; the caller holds mu.
func (t *Tenant) roll() float64 {
	if t.dice == nil {
		t.dice = rand.New(rand.NewPCG(t.Weather.Seed, 0))
	}
	return t.dice.Float64()
}

// travel waits for as long as a request is on its way; false when its context ended before.
func (t *Tenant) travel(ctx context.Context) bool {
	w := t.Weather
	if w.Latency <= 0 && w.Spread <= 0 {
		return true
	}
	t.mu.Lock()
	more := time.Duration(t.roll() * float64(w.Spread))
	t.mu.Unlock()
	return pause(ctx, w.Latency+more)
}

// pause waits; false when the context ended before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// The limits of the directory and of reports, per application and tenant.
const (
	reportWindow, reportLimit = 10 * time.Second, 5
	unitWindow                = 10 * time.Second
	writeWindow, writeLimit   = 150 * time.Second, 3000
)

// unitLimit is how many resource units a tenant of this many accounts grants.
func unitLimit(accounts int) int {
	switch {
	case accounts < 50:
		return 3500
	case accounts <= 500:
		return 5000
	}
	return 8000
}

// window counts what was used since it opened. Whether the service counts in windows
// or in a bucket that fills is not published.
type window struct {
	opened time.Time
	used   int
}

// meter names a window: of which limit, and of whom.
type meter struct{ limit, application string }

// spend takes from a window that has enough left, and says when it opens anew.
func (t *Tenant) spend(m meter, length time.Duration, limit, cost int) (used int, left time.Duration, ok bool) {
	now := t.now()
	w := t.meters[m]
	if age := now.Sub(w.opened); w.opened.IsZero() || age >= length || age < 0 {
		w = window{opened: now}
	}
	left = w.opened.Add(length).Sub(now)
	if w.used+cost > limit {
		return w.used, left, false
	}
	w.used += cost
	if t.meters == nil {
		t.meters = map[meter]window{}
	}
	t.meters[m] = w
	return w.used, left, true
}

// metered serves a call within the limits of the service behind its route.
func (t *Tenant) metered(c *call, r *route, op operation, serve func() response) func() response {
	if !t.Weather.Limits {
		return serve
	}
	switch {
	case r.service == reports:
		return t.meteredReport(c, op, serve)
	case r.service == directoryService, r.service == conditionalAccess && !limitedAccess(op.path):
		return t.meteredUnits(c, r, op, serve)
	}
	return serve
}

func (t *Tenant) meteredReport(c *call, op operation, serve func() response) func() response {
	return func() response {
		t.mu.Lock()
		_, left, ok := t.spend(meter{"reports", c.who.Name}, reportWindow, reportLimit, 1)
		t.mu.Unlock()
		if !ok {
			return t.failed(tooMany(left), op)
		}
		return serve()
	}
}

// meteredUnits serves a call of the directory. What is refused for a limit costs nothing
// here; whether it does so in the service is not published.
func (t *Tenant) meteredUnits(c *call, r *route, op operation, serve func() response) func() response {
	return func() response {
		cost := unitCost(op.method, r.path, c.query)
		t.mu.Lock()
		limit := unitLimit(t.directory.users.len())
		writes := op.method != http.MethodGet && r.success != 0
		scope, reason, left, ok := "Write", "WriteLimitExceeded", time.Duration(0), true
		if writes {
			_, left, ok = t.spend(meter{"writes", c.who.Name}, writeWindow, writeLimit, 1)
		}
		used := 0
		if ok {
			scope, reason = "ReadWrite", "ResourceUnitLimitExceeded"
			used, left, ok = t.spend(meter{"units", c.who.Name}, unitWindow, limit, cost)
		}
		t.mu.Unlock()
		if !ok {
			reply := t.failed(tooMany(left), op)
			reply.header.Set("x-ms-throttle-scope", strings.Join([]string{"Tenant_Application", scope, c.who.Name, t.ID()}, "/"))
			reply.header.Set("x-ms-throttle-information", reason)
			return reply
		}
		reply := serve()
		reply.header.Set("x-ms-resource-unit", strconv.Itoa(cost))
		if share := float64(used) / float64(limit); share > 0.8 {
			reply.header.Set("x-ms-throttle-limit-percentage", strconv.FormatFloat(share, 'f', 2, 64))
		}
		return reply
	}
}

func tooMany(left time.Duration) *entramfa.GraphError {
	refusal := graphError(http.StatusTooManyRequests, "TooManyRequests", "Too Many Requests")
	refusal.RetryAfter = max(left, time.Second)
	return refusal
}

// unitCosts are the calls that cost more than one resource unit. A path with a star
// stands for all that end so.
// Source: https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits.
var unitCosts = []struct {
	method, path string
	cost         int
}{
	{"POST", "/directoryObjects/getByIds", 5}, {"GET", "/groups/{}/transitiveMembers", 5},
	{"POST", "*/isMemberOf", 4}, {"POST", "*/checkMemberGroups", 4}, {"POST", "*/checkMemberObjects", 4},
	{"GET", "/domains/{}/domainNameReferences", 4},
	{"GET", "/groups/{}/members", 3}, {"GET", "/subscribedSkus", 3}, {"GET", "/contracts", 3},
	{"POST", "*/getMemberGroups", 2}, {"POST", "*/getMemberObjects", 2},
	{"GET", "/users", 2}, {"GET", "/applications", 2}, {"GET", "/applications/{}/extensionProperties", 2},
	{"GET", "/oauth2PermissionGrants", 2}, {"GET", "/oauth2PermissionGrants/{}", 2},
	{"GET", "/servicePrincipals/{}/appRoleAssignments", 2}, {"GET", "*/memberOf", 2}, {"GET", "*/transitiveMemberOf", 2},
	{"GET", "*/ownedObjects", 2}, {"GET", "*/licenseDetails", 2},
}

// unitCost is what a call costs, never less than 1.
func unitCost(method, path, query string) int {
	path, _, _ = strings.Cut(path, "/microsoft.graph.") // a cast costs nothing
	cost := 1
	for _, row := range unitCosts {
		end, any := strings.CutPrefix(row.path, "*")
		if row.method == method && (path == row.path || any && strings.HasSuffix(path, end)) {
			cost = row.cost
			break
		}
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return cost // and it will be refused
	}
	if values.Has("$select") {
		cost--
	}
	if values.Has("$expand") {
		cost++
	}
	if top, err := strconv.Atoi(values.Get("$top")); err == nil && top < 20 {
		cost--
	}
	return max(cost, 1)
}
