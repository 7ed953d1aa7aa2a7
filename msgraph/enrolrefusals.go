package msgraph

import (
	"errors"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa"
)

// What a 403 of an enrolment leaves unsaid: which role is missing beside the
// permission.
// Source: https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions.
const (
	needsPhoneRole = "a signed-in user needs the role Authentication Administrator too, and whoever writes, where the account is an administrator, " +
		"Privileged Authentication Administrator"
	needsPasswordRole = "the caller, be it an application, needs a directory role too: User Administrator, and Privileged Authentication " +
		"Administrator where the account is an administrator"
	needsContactRole = "where the account is an administrator the caller needs the role Privileged Authentication Administrator too"
	needsUser        = "no application can reset a password: sign in as a user with the delegated permission and the role Authentication " +
		"Administrator, or Privileged Authentication Administrator where the account is an administrator; nobody resets the own password"
	needsUserToRead = "no application can follow a reset: sign in as the user who began it"
)

// passwordRefused is what SetPassword promises to say.
const passwordRefused = "the rules for passwords refuse it; choose another password"

// roleAdvice is by the template of a request.
var roleAdvice = map[string]string{
	phonesPath: needsPhoneRole, phonePath: needsPhoneRole,
	passwordOf: needsPasswordRole, mobilePhoneOf: needsContactRole,
	resetPath: needsUser, operationsPath: needsUserToRead,
}

// explainEnrolment tells the refusals of an enrolment apart and says what to do
// about them. Microsoft documents none of the words; where they are others, Graph's
// own message stands alone.
func explainEnrolment(r request, e *entramfa.GraphError) {
	said := strings.ToLower(e.Code + " " + e.Message)
	phone := r.template == phonesPath || r.template == phonePath
	switch {
	case errors.Is(e.Kind, entramfa.ErrPermission):
		advise(e, roleAdvice[r.template])
	// The path itself isn't known, as against the account.
	// Source: https://learn.microsoft.com/graph/api/authentication-post-phonemethods, national clouds.
	case phone && (e.Status == http.StatusNotFound || e.Status == http.StatusBadRequest) && mentions(said, "segment", "no http resource"):
		e.Kind = nil
		advise(e, "this cloud has no phone methods in Microsoft Graph, as that of 21Vianet has none; register the phone in the portal")
	case phone && e.Status == http.StatusNotFound:
		advise(e, "there is no such account or phone; a cloud without phone methods, as that of 21Vianet, answers so too")
	case e.Status != http.StatusBadRequest:
	case mentions(said, "on-premises mastered"):
		advise(e, "the account is synchronized; change it in the on-premises directory")
	// Source: https://learn.microsoft.com/graph/api/authentication-post-phonemethods:
	// one phone of each type.
	case r.template == phonesPath && mentions(said, "already", "alreadyexists", "duplicate"):
		e.Kind = entramfa.ErrConflict
		advise(e, "an account has one phone of each type; change the number of the one that is there")
	case (r.template == passwordOf || r.template == resetPath) && refusesPassword(said):
		e.Kind = entramfa.ErrPasswordRefused
		advise(e, passwordRefused)
	}
}

// refusesPassword says whether words are about the quality of a password.
// Source: https://learn.microsoft.com/entra/identity/authentication/concept-sspr-policy.
func refusesPassword(said string) bool {
	return mentions(said, "password") && mentions(said, "complex", "comply", "weak", "banned", "too short", "too long",
		"characters", "recently used", "previously used", "password history", "password policy", "passwordpolicy", "requirements")
}

func mentions(said string, words ...string) bool {
	for _, word := range words {
		if strings.Contains(said, word) {
			return true
		}
	}
	return false
}
