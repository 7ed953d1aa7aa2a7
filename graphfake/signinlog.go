package graphfake

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/securitydefaults"
)

var _ mfa.SignInLogReader = (*Tenant)(nil)

// loggedSignIn is a record of the sign-in log, and when it was made.
type loggedSignIn struct {
	mfa.SignInRecord
	at, visible time.Time
}

// The kinds of sign-ins in the log.
const (
	interactiveSignIn    = "interactiveUser"
	nonInteractiveSignIn = "nonInteractiveUser"
)

// retention is how long the log holds a sign-in.
// Source: https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention.
const retention = 30 * 24 * time.Hour

// AddSignIn adds a record to the sign-in log and returns its id, a new one where it
// has none; one with the same id is replaced. It shows at once. CreatedDateTime
// empty means now; UserPrincipalName is filled in for a known UserID;
// IsInteractive nil means that it is interactive unless SignInEventTypes says otherwise.
func (t *Tenant) AddSignIn(record mfa.SignInRecord) string {
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.addSignIn(record, now, now)
}

// addSignIn adds a record; the caller holds mu.
func (t *Tenant) addSignIn(record mfa.SignInRecord, now, visible time.Time) string {
	record = wholeSignIn(isolated(record))
	record.ID = t.idOr(record.ID)
	at, err := time.Parse(time.RFC3339, record.CreatedDateTime)
	if err != nil {
		at, record.CreatedDateTime = now, now.UTC().Format(time.RFC3339)
	}
	if user, known := t.directory.users.get(record.UserID); known && record.UserPrincipalName == "" {
		record.UserPrincipalName = user.UserPrincipalName
	}
	t.directory.signIns.put(record.ID, loggedSignIn{SignInRecord: record, at: at, visible: visible})
	return record.ID
}

// wholeSignIn returns a record as the log gives one: lists are empty and not absent.
func wholeSignIn(r mfa.SignInRecord) mfa.SignInRecord {
	if r.IsInteractive == nil {
		r.IsInteractive = new(!slices.Contains(r.SignInEventTypes, nonInteractiveSignIn))
	}
	if len(r.SignInEventTypes) == 0 {
		r.SignInEventTypes = []string{nonInteractiveSignIn}
		if *r.IsInteractive {
			r.SignInEventTypes = []string{interactiveSignIn}
		}
	}
	r.AppliedPolicies = append([]mfa.AppliedPolicy{}, r.AppliedPolicies...)
	for i := range r.AppliedPolicies {
		r.AppliedPolicies[i].EnforcedGrantControls = append([]string{}, r.AppliedPolicies[i].EnforcedGrantControls...)
	}
	r.RequirementPolicies = append([]mfa.RequirementPolicy{}, r.RequirementPolicies...)
	return r
}

// SignInLog streams the sign-ins of an account, the newest first, as beta gives them.
func (t *Tenant) SignInLog(ctx context.Context, query mfa.SignInQuery) iter.Seq2[mfa.SignInRecord, error] {
	wanted := interactiveSignIn
	if query.NonInteractive {
		wanted = nonInteractiveSignIn
	}
	ids := func(d *directory) ([]string, error) {
		if query.UserID == "" {
			return nil, badRequest("The sign-in log is asked for one account: UserID is empty.")
		}
		rows, err := d.signInRows(t.now())
		var ids []string
		for _, r := range rows {
			if strings.EqualFold(r.UserID, query.UserID) && !r.at.Before(query.Since) && slices.Contains(r.SignInEventTypes, wanted) {
				ids = append(ids, r.ID)
			}
		}
		return ids, err
	}
	return paged(ctx, t, get(beta, "/auditLogs/signIns"), ids, func(d *directory, id string) mfa.SignInRecord {
		row, _ := d.signIns.get(id)
		return row.SignInRecord
	})
}

// signInRows returns what the log shows, the newest first. It needs a licence.
// A tenant that was loaded knows no sign-ins but those that were made since.
func (d *directory) signInRows(now time.Time) ([]loggedSignIn, error) {
	skus, err := d.subscribedSKUs()
	if err != nil {
		return nil, err
	}
	if !securitydefaults.Licensed(skus, securitydefaults.PlanEntraP1, securitydefaults.PlanEntraP2) {
		return nil, graphError(http.StatusForbidden, "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
			"Neither tenant is B2C or tenant doesn't have premium license")
	}
	if err := d.held.need(d.signIns.len() > 0, "the sign-in log", "sign-ins, by AddSignIn or at the token endpoint"); err != nil {
		return nil, err
	}
	rows := d.signIns.where(func(r loggedSignIn) bool { return !now.Before(r.visible) && now.Sub(r.at) <= retention })
	slices.Reverse(rows) // of two at the same time the later one is newer
	slices.SortStableFunc(rows, func(a, b loggedSignIn) int { return b.at.Compare(a.at) })
	return rows, nil
}

// listSignIns answers the log: interactive sign-ins, unless the filter of beta asks for another kind.
func listSignIns(d *directory, t *Tenant, c *call) (answer, error) {
	logged, err := d.signInRows(t.now())
	if err != nil {
		return answer{}, err
	}
	ordered, refusal := c.options.ascending("createdDateTime")
	if refusal != nil {
		return answer{}, refusal
	}
	if ordered {
		slices.Reverse(logged)
	}
	rows := []object{}
	for _, r := range logged {
		if !c.options.filter.names("signInEventTypes") && !slices.Contains(r.SignInEventTypes, interactiveSignIn) {
			continue
		}
		rows = append(rows, c.signInRow(r))
	}
	return list("auditLogs/signIns", "microsoft.graph.signIn", signInShape, rows, nil)
}

// getSignIn answers one sign-in of whatever kind.
// Source: https://learn.microsoft.com/graph/api/signin-get.
func getSignIn(d *directory, t *Tenant, c *call) (answer, error) {
	logged, err := d.signInRows(t.now())
	if err != nil {
		return answer{}, err
	}
	for _, r := range logged {
		if sameText(r.ID, c.vars[0]) {
			return entity("auditLogs/signIns", "microsoft.graph.signIn", signInShape, c.signInRow(r), nil)
		}
	}
	return answer{}, notFound(c.vars[0])
}

// signInRow is a sign-in as who calls sees it: who may not read policies doesn't learn of them here.
func (c *call) signInRow(r loggedSignIn) object {
	if !granted(c.roles, evaluatePolicies) {
		r.AppliedPolicies = []mfa.AppliedPolicy{}
	}
	return objectOf(r.SignInRecord)
}

// signInShape: https://learn.microsoft.com/graph/api/resources/signin.
var signInShape = slices.Concat(
	same("null", "id", "createdDateTime", "userDisplayName", "userPrincipalName", "userId", "appId", "appDisplayName",
		"ipAddress", "clientAppUsed", "correlationId", "conditionalAccessStatus", "isInteractive", "riskDetail",
		"riskLevelAggregated", "riskLevelDuringSignIn", "riskState"),
	same("[]", "riskEventTypes", "riskEventTypes_v2"),
	same("null", "resourceDisplayName", "resourceId", "status", "deviceDetail", "location"),
	same("[]", "appliedConditionalAccessPolicies"),
	onlyBeta("null", "authenticationRequirement"),
	shape{{name: "authenticationProtocol", empty: "null", beta: true, known: []string{"none", "oAuth2", "ropc", "wsFederation", "saml20", "deviceCode"}}},
	onlyBeta("[]", "signInEventTypes", "authenticationRequirementPolicies"),
)

// ascending says which way a list is ordered by a property, the only one that it
// can be ordered by; false without $orderby, for the log begins with the newest.
func (o options) ascending(property string) (bool, *entramfa.GraphError) {
	words := strings.Fields(o.orderby)
	switch {
	case len(words) == 0:
		return false, nil
	case !strings.EqualFold(words[0], property) || len(words) > 2:
	case strings.EqualFold(cmp.Or(strings.Join(words[1:], ""), "asc"), "asc"):
		return true, nil
	case strings.EqualFold(words[1], "desc"):
		return false, nil
	}
	return false, badRequest("The $orderby expression '%s' is not supported.", o.orderby)
}
