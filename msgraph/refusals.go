package msgraph

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/entramfa/entramfa"
)

// The numbers that lead the messages of the Conditional Access service.
// Microsoft documents none of them; they are seen in public reports:
// https://github.com/microsoftgraph/msgraph-metadata/issues/647.
const (
	// onlyBeta: the policy has parts that v1.0 doesn't know.
	onlyBeta = "1038"
	// noLocation: a named location isn't there, or not yet.
	noLocation = "1040"
)

var numbered = regexp.MustCompile(`^\s*(\d{4}):`)

// number returns the number that leads a message, "" for none.
func number(message string) string {
	if found := numbered.FindStringSubmatch(message); found != nil {
		return found[1]
	}
	return ""
}

// explain tells the refusals of a change apart that share a status, and says
// what to do about them.
func explain(r request, e *entramfa.GraphError) {
	_, enrols := roleAdvice[r.template]
	switch {
	case r.changes && protected(e):
		e.Kind, e.Permissions, e.Also = entramfa.ErrPermission, nil, nil
		advise(e, "the tenant protects this action; run with an identity that can answer a claims challenge, or lift the protected action")
	case enrols:
		explainEnrolment(r, e)
	case r.changes:
		explainPolicy(r, e)
	}
}

// protected says whether the refusal is that of a protected action, which wants a
// sign-in context that an unattended program can't show, whatever it is granted.
// Source: https://learn.microsoft.com/entra/identity/role-based-access-control/protected-actions-overview.
func protected(e *entramfa.GraphError) bool {
	said := strings.ToLower(e.Message)
	return strings.Contains(said, "requires conditional access") && strings.Contains(said, "client does not support")
}

// explainPolicy is explain for what exempts an account.
func explainPolicy(r request, e *entramfa.GraphError) {
	said := strings.ToLower(e.Message)
	switch {
	// Graph doesn't say that the group is one of these.
	// Source: https://learn.microsoft.com/graph/api/group-post-members.
	case errors.Is(e.Kind, entramfa.ErrPermission) && strings.HasPrefix(r.template, membersOf):
		advise(e, "a group that can hold roles needs RoleManagement.ReadWrite.Directory beside it")
	case e.Status != http.StatusBadRequest:
	// Source: https://learn.microsoft.com/entra/fundamentals/security-defaults.
	case strings.Contains(said, "security defaults is enabled"):
		e.Kind = entramfa.ErrConflict
	// Only of a creation: of a policy that exists, not found would say that it is gone.
	case number(e.Message) == noLocation && r.method == http.MethodPost:
		e.Kind = entramfa.ErrNotFound
		advise(e, "a named location that was created just before is known after some seconds; try again after 5 s")
	}
}

// advise adds what to do to Graph's own words.
func advise(e *entramfa.GraphError, advice string) {
	said := strings.TrimSuffix(strings.TrimSpace(e.Message), ".")
	if said != "" {
		said += "; "
	}
	e.Message = said + advice
}
