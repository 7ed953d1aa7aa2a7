package graphfake

import (
	"encoding/json"
	"net/http"
	"regexp"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// Authentication contexts, which policies protect and applications ask for.
// Source: https://learn.microsoft.com/graph/api/resources/authenticationcontextclassreference.

const (
	contextsPath = "identity/conditionalAccess/authenticationContextClassReferences"
	contextKind  = "microsoft.graph.authenticationContextClassReference"
)

// The permissions of contexts: from the table that permissions.go names, which lets a
// DELETE pass with Policy.Read.ConditionalAccess, as the reference does.
var (
	readContexts   = []string{"AuthenticationContext.Read.All", "AuthenticationContext.ReadWrite.All", "Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess", "Policy.Read.All"}
	writeContexts  = []string{"AuthenticationContext.ReadWrite.All", "Policy.ReadWrite.ConditionalAccess"}
	deleteContexts = []string{"AuthenticationContext.ReadWrite.All", "Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"}
)

var contextRoutes = []route{
	{method: "GET", path: "/" + contextsPath, aliases: []string{"/conditionalAccess/authenticationContextClassReferences"}, service: conditionalAccess,
		permissions: readContexts, options: skipOptions, filterable: []string{"id", "displayName", "isAvailable"}, serve: listContexts},
	{method: "POST", path: "/" + contextsPath, aliases: []string{"/conditionalAccess/authenticationContextClassReferences"}, service: conditionalAccess,
		permissions: writeContexts, success: created, serve: postContext},
	{method: "GET", path: "/" + contextsPath + "/{}", aliases: []string{"/conditionalAccess/authenticationContextClassReferences/{}"}, service: conditionalAccess,
		permissions: readContexts, options: entityOptions, serve: getContext},
	{method: "PATCH", path: "/" + contextsPath + "/{}", aliases: []string{"/conditionalAccess/authenticationContextClassReferences/{}"}, service: conditionalAccess,
		permissions: writeContexts, success: done, serve: patchContext},
	{method: "DELETE", path: "/" + contextsPath + "/{}", aliases: []string{"/conditionalAccess/authenticationContextClassReferences/{}"}, service: conditionalAccess,
		permissions: deleteContexts, success: done, serve: deleteContext},
}

var (
	contextShape  = same("null", "id", "displayName", "description", "isAvailable")
	contextWrites = writable{contextKind, "BadRequest", []field{
		{"id", isText}, {"displayName", orNull(isText)}, {"description", orNull(isText)}, {"isAvailable", isBool}}}
	contextID = regexp.MustCompile(`^c([1-9]|[1-9][0-9])$`)
)

func contextTable(d *directory) *table[object] { return &d.contexts }

// contextsHeld: no file of an export says which contexts a tenant has.
func (d *directory) contextsHeld() error {
	return d.held.need(false, "authentication contexts", "no file: Load does not read them")
}

func listContexts(d *directory, t *Tenant, c *call) (answer, error) {
	return list(contextsPath, contextKind, contextShape, d.contexts.all(), d.contextsHeld())
}

func getContext(d *directory, t *Tenant, c *call) (answer, error) {
	row, err := d.authenticationContext(c.vars[0])
	return entity(contextsPath, contextKind, contextShape, row, err)
}

func (d *directory) authenticationContext(id string) (object, error) {
	if err := d.contextsHeld(); err != nil {
		return nil, err
	}
	row, known := d.contexts.get(id)
	if !known {
		return nil, notFoundCA("AuthenticationContextClassReference", id)
	}
	return row, nil
}

func postContext(d *directory, t *Tenant, c *call) (answer, error) {
	sent, err := contextWrites.read(c.body)
	if err == nil {
		err = contextWrites.need(sent, "id", "displayName")
	}
	if err != nil {
		return answer{}, err
	}
	id := sent.text("id")
	if _, used := d.contexts.get(id); used {
		return answer{}, conflicting("The authentication context '%s' exists already.", id)
	}
	if err := t.writeContext(d, id, sent); err != nil {
		return answer{}, err
	}
	return getContext(d, t, &call{version: c.version, header: c.header, vars: []string{id}})
}

// patchContext changes a context, and makes it where there is none of the id.
// Source: https://learn.microsoft.com/graph/api/authenticationcontextclassreference-update.
func patchContext(d *directory, t *Tenant, c *call) (answer, error) {
	sent, err := contextWrites.read(c.body)
	if err != nil {
		return answer{}, err
	}
	if id := sent.text("id"); id != "" && !sameText(id, c.vars[0]) {
		return answer{}, contextWrites.refuse("The id of an authentication context can not be changed.")
	}
	return answer{}, t.writeContext(d, c.vars[0], sent)
}

func (t *Tenant) writeContext(d *directory, id string, sent object) error {
	if err := d.contextsHeld(); err != nil {
		return err
	}
	if err := d.refuseUnlicensed(); err != nil {
		return err
	}
	if !contextID.MatchString(fold(id)) {
		return contextWrites.refuse("The id of an authentication context is c1 to c99, not '%s'.", id)
	}
	row, known := d.contexts.get(id)
	if !known {
		row = object{{"id", raw(fold(id))}, {"displayName", json.RawMessage("null")}, {"description", json.RawMessage("null")}, {"isAvailable", raw(false)}}
	}
	writeRow(t, writtenContext, contextTable, id, merge(row, sent.without("id", "@odata.type")))
	return nil
}

// deleteContext refuses a context that is published with 403, and one that a policy
// names with 400; the words are not published.
// Source: https://learn.microsoft.com/graph/api/authenticationcontextclassreference-delete.
func deleteContext(d *directory, t *Tenant, c *call) (answer, error) {
	row, err := d.authenticationContext(c.vars[0])
	if err == nil {
		err = d.policiesHeld()
	}
	if err != nil {
		return answer{}, err
	}
	for _, p := range d.policies.where(func(p policy.Policy) bool { return namesContext(p, c.vars[0]) }) {
		return answer{}, conflicting("The authentication context is referenced by the Conditional Access policy '%s'.", p.DisplayName)
	}
	if row.boolOf("isAvailable") {
		return answer{}, publishedContext()
	}
	eraseRow(t, writtenContext, contextTable, c.vars[0])
	return answer{}, nil
}

func publishedContext() *entramfa.GraphError {
	refusal := graphError(http.StatusForbidden, "AccessDenied", "A published authentication context can not be deleted. Update isAvailable to false first.")
	refusal.Kind, refusal.Permissions = entramfa.ErrConflict, []string{}
	return refusal
}

func namesContext(p policy.Policy, id string) bool {
	applications := complete(p).Conditions.Applications
	return containsFold(applications.IncludeAuthenticationContextClassReferences, id)
}
