package mfa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// errNoEnroller says that a tenant can't be enrolled in.
var errNoEnroller = errors.New("the tenant is no Enroller: it can't register phones or set passwords")

func (a *applier) enroller() (Enroller, error) {
	if enroller, ok := a.tenant.(Enroller); ok {
		return enroller, nil
	}
	return nil, errNoEnroller
}

// lookAtContact reads the number of the profile. It has the value of the change where
// it is the number that Apply was given, and shows its last digits else.
func (a *applier) lookAtContact(ctx context.Context, c *entramfa.Change) (object, error) {
	enroller, err := a.enroller()
	if err != nil {
		return object{}, err
	}
	phone, err := enroller.MobilePhone(ctx, c.TargetID)
	if err != nil || phone == nil {
		return object{id: c.TargetID, value: encoded(nil)}, err
	}
	return object{id: c.TargetID, value: a.numberValue(c, *phone, contactNumber{*phone})}, nil
}

// numberValue is the value of a number that was read: that of the change where it is
// the same number, or, where the number isn't at hand, where it ends in the same digits.
func (a *applier) numberValue(c *entramfa.Change, is Phone, shown any) json.RawMessage {
	value := encoded(shown)
	wanted := a.opts.Secrets.phone()
	switch {
	case wanted.Reveal() == "":
		return value
	case is.Is(wanted):
		return c.After
	case same(value, c.After):
		return encoded(map[string]string{"phoneNumber": is.String() + ", and it is another one"})
	}
	return value
}

// lookAtPhone reads the mobile phone among the methods.
func (a *applier) lookAtPhone(ctx context.Context, c *entramfa.Change) (object, error) {
	methods, err := a.tenant.Methods(ctx, a.plan.Account.ID)
	if err != nil {
		return object{}, err
	}
	for _, m := range methods {
		if m.PhoneType != nil && strings.EqualFold(*m.PhoneType, string(PhoneMobile)) && m.PhoneNumber != nil {
			return object{id: m.ID, value: a.numberValue(c, *m.PhoneNumber, phoneMethod{PhoneMobile, *m.PhoneNumber})}, nil
		}
	}
	return object{value: encoded(nil)}, nil
}

// sendNumber writes a phone number, which the plan doesn't hold.
func (a *applier) sendNumber(ctx context.Context, c *entramfa.Change) (entramfa.Receipt, string, error) {
	enroller, err := a.enroller()
	if err != nil {
		return entramfa.Receipt{}, "", err
	}
	number, err := GraphPhone(a.opts.Secrets.phone().Reveal())
	if err != nil {
		return entramfa.Receipt{}, "", err
	}
	switch c.Kind {
	case entramfa.ChangeMobilePhone:
		receipt, err := enroller.UpdateMobilePhone(ctx, c.TargetID, number)
		return receipt, c.TargetID, err
	case entramfa.AddPhoneMethod:
		method, receipt, err := enroller.AddPhone(ctx, c.TargetID, PhoneMobile, number)
		return receipt, method.ID, err
	}
	receipt, err := enroller.UpdatePhone(ctx, a.plan.Account.ID, c.TargetID, PhoneMobile, number)
	return receipt, c.TargetID, err
}

// sendNumberBack undoes what sendNumber did. A number that stood there before is in no
// journal: it has to be given again.
func (a *applier) sendNumberBack(ctx context.Context, c *entramfa.Change) (entramfa.Receipt, error) {
	enroller, err := a.enroller()
	if err != nil {
		return entramfa.Receipt{}, err
	}
	before := a.history.entries[c.ID].Before
	former := a.opts.Secrets.former()
	switch {
	case c.Kind == entramfa.AddPhoneMethod:
		return enroller.DeletePhone(ctx, a.plan.Account.ID, a.history.targets[c.ID])
	case c.Kind == entramfa.ChangeMobilePhone && same(before, encoded(nil)):
		return enroller.UpdateMobilePhone(ctx, c.TargetID, Secret{})
	case former.Reveal() == "":
		return entramfa.Receipt{}, fmt.Errorf("the former number, %s, is not kept: give it in Secrets.FormerPhone", before)
	}
	number, err := GraphPhone(former.Reveal())
	switch {
	case err != nil:
		return entramfa.Receipt{}, err
	case !strings.Contains(string(before), NewPhone(number.Reveal()).String()):
		return entramfa.Receipt{}, fmt.Errorf("the number in Secrets.FormerPhone does not end like the former one, %s", before)
	case c.Kind == entramfa.ChangeMobilePhone:
		return enroller.UpdateMobilePhone(ctx, c.TargetID, number)
	}
	return enroller.UpdatePhone(ctx, a.plan.Account.ID, c.TargetID, PhoneMobile, number)
}

// recallNumbers takes from the journal what stood in the profile before: when the
// plan was made it was not read. A number that was there already stays.
func (a *applier) recallNumbers() {
	a.plan.Changes = slices.Clone(a.plan.Changes)
	for i := range a.plan.Changes {
		c := &a.plan.Changes[i]
		switch before := a.history.entries[c.ID].Before; {
		case c.Kind != entramfa.ChangeMobilePhone:
		case before != nil:
			c.Before = before
		case a.history.changes[c.ID] == made:
			c.Before = c.After
		}
	}
}

// numbered says whether a change is one of a phone number.
func numbered(kind entramfa.ChangeKind) bool {
	return kind == entramfa.ChangeMobilePhone || kind == entramfa.AddPhoneMethod || kind == entramfa.ChangePhoneMethod
}

// perUserValue is the value of a per-user state that was read. Where a plan sets it to
// enabled, Microsoft moves it on to enforced once the account is registered.
// Source: https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates.
func perUserValue(c *entramfa.Change, is PerUserState) json.RawMessage {
	var wanted Requirements
	if json.Unmarshal(c.After, &wanted) == nil && wanted.PerUserMFAState == PerUserEnabled && is.folded() == PerUserEnforced {
		return c.After
	}
	return encoded(Requirements{PerUserMFAState: is})
}
