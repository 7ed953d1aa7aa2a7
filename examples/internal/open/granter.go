package open

import (
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

// CommandLineTools is Microsoft Graph Command Line Tools, the public client that
// signs an account in where nobody names the account's own program.
const CommandLineTools = "14d82eec-204b-4c2f-b7e8-296a70dab67e"

// Granter signs accounts in with their passwords: of a tenant in memory that
// tenant itself, of a real one its sign-in service.
func (s *Source) Granter(tenant any) (mfa.PasswordGranter, error) {
	if granter, ok := tenant.(mfa.PasswordGranter); ok {
		return granter, nil
	}
	return msgraph.NewPasswordGranter(s.Tenant, &msgraph.PasswordGrantOptions{Cloud: clouds()[s.Cloud].graph})
}
