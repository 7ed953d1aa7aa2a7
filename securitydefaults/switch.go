package securitydefaults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/settle"
)

// Disable switches security defaults off FOR THE WHOLE TENANT: there is no
// exclusion that would do it for one account. FROM THEN ON NOBODY, THE GLOBAL
// ADMINISTRATORS INCLUDED, HAS TO DO MFA OR TO REGISTER FOR IT, AND LEGACY PROTOCOLS
// WITH A PASSWORD ALONE ARE OPEN, unless enabled Conditional Access policies, which
// can't be enabled before, demand it. They need Entra ID P1: without a licence
// there is nothing to put in the place. It does nothing about that itself: a plan
// of package mfa creates policies that demand the same of everybody else, switches,
// and enables them, and policy.SecurityDefaultsReplacements holds them.
//
// It returns nil and no error where they are off already. It reads until three
// answers in a row show the change, half a minute at most; a change that comes with
// an error was sent and may have been made. It needs what Writer does. List the
// policies again after: Microsoft may create some of its own.
// Source: https://learn.microsoft.com/entra/fundamentals/security-defaults and
// https://learn.microsoft.com/entra/identity/conditional-access/managed-policies.
func Disable(ctx context.Context, w Writer) (*entramfa.Change, error) { return set(ctx, w, false) }

// Enable switches security defaults on for the whole tenant, and undoes Disable. The
// service refuses while a Conditional Access policy is enabled. All else is as with
// Disable.
func Enable(ctx context.Context, w Writer) (*entramfa.Change, error) { return set(ctx, w, true) }

func set(ctx context.Context, w Writer, enabled bool) (*entramfa.Change, error) {
	change, err := settle.Retry(ctx, func(try int) (*entramfa.Change, error) { return write(ctx, w, try, enabled) })
	if err != nil {
		err = fmt.Errorf("securitydefaults: switch security defaults %s: %w", word(enabled), err)
	}
	return change, err
}

func write(ctx context.Context, w Writer, try int, enabled bool) (*entramfa.Change, error) {
	before, err := w.SecurityDefaults(ctx)
	switch {
	case err != nil:
		return nil, err
	case before.IsEnabled == nil:
		return nil, errors.New("the answer did not say whether they are on")
	case *before.IsEnabled == enabled:
		return nil, nil
	}
	send := func(ctx context.Context) error { _, err := w.UpdateSecurityDefaults(ctx, enabled); return err }
	shown := func(p Policy) bool { return p.IsEnabled != nil && *p.IsEnabled == enabled }
	_, sent, err := settle.Write(ctx, try, send, w.SecurityDefaults, shown)
	if !sent {
		return nil, err
	}
	return change(before, enabled), err
}

func change(before Policy, enabled bool) *entramfa.Change {
	c := &entramfa.Change{Kind: entramfa.ChangeSecurityDefaults, TargetID: before.ID, TargetName: "Security defaults", Before: state(!enabled), After: state(enabled)}
	c.Reason = "security defaults exclude nobody, and no Conditional Access policy can be enabled beside them"
	c.Undo = "switch security defaults on again, once no Conditional Access policy is enabled"
	if enabled {
		c.Reason = "security defaults are to protect the tenant"
		c.Undo = "switch security defaults off again"
	}
	return c
}

// state is the member that changes.
func state(enabled bool) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"isEnabled":%t}`, enabled))
}

func word(enabled bool) string {
	if enabled {
		return "on"
	}
	return "off"
}
