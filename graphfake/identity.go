package graphfake

import (
	"context"

	"github.com/entramfa/entramfa/mfa"
)

// The application that calls where Caller is zero: its object id and its application id.
const (
	callerID    = "00000000-0000-4000-8000-000000000001"
	callerAppID = "00000000-0000-4000-8000-000000000000"
)

// Identity returns Caller. It stands for no call of Graph: a client reads it from its token.
func (t *Tenant) Identity(ctx context.Context) (mfa.Identity, error) {
	if err := ctx.Err(); err != nil {
		return mfa.Identity{}, err
	}
	return t.caller(), nil
}

// caller is Caller with what it leaves out.
func (t *Tenant) caller() mfa.Identity {
	who := t.Caller
	if who.Kind == "" {
		who.Kind = mfa.IdentityApplication
	}
	if who.ID == "" && who.Kind == mfa.IdentityApplication {
		who.ID = callerID
	}
	if who.Name == "" && who.Kind == mfa.IdentityApplication {
		who.Name = callerAppID
	}
	if who.TenantID == "" {
		who.TenantID = t.ID()
	}
	return who
}

// fillCaller writes the identity into a token.
func fillCaller(who mfa.Identity, c *claims) {
	c.ObjectID, c.Subject, c.TenantID = who.ID, who.ID, who.TenantID
	if who.Kind == mfa.IdentityUser {
		c.AppID, c.IDType, c.UPN, c.PreferredUsername = callerAppID, "user", who.Name, who.Name
		return
	}
	c.AppID, c.IDType = who.Name, "app"
}

// identity is whom a token is of.
func (c claims) identity() mfa.Identity {
	who := mfa.Identity{Kind: mfa.IdentityApplication, ID: c.ObjectID, Name: c.AppID, TenantID: c.TenantID}
	if c.IDType == "user" {
		who.Kind, who.Name = mfa.IdentityUser, c.UPN
	}
	return who
}
