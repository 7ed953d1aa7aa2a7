package mfa

import (
	"context"
	"encoding/json"
)

// PasswordGranter signs an account in with its password, as an unattended
// program does: the resource owner password credentials grant of OAuth.
// Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc.
type PasswordGranter interface {
	// PasswordGrant asks for a token once. It is no error that the sign-in is
	// refused: the answer says so. An error means that no answer came.
	PasswordGrant(ctx context.Context, grant PasswordGrant) (TokenAnswer, error)
}

// PasswordGrant is one sign-in.
type PasswordGrant struct {
	Username string
	Password Secret
	// Resource is the app id of what the token is for, MicrosoftGraph for instance;
	// ClientID the public client that asks.
	Resource string
	ClientID string
}

// TokenAnswer is what the token endpoint said.
type TokenAnswer struct {
	// Status is the HTTP status: 200 for a token.
	Status int `json:"status"`
	// Body is the answer as it came, without the tokens.
	Body json.RawMessage `json:"body"`
}
