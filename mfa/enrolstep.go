package mfa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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
	wanted := a.opts.Secrets.phone()
	switch {
	case wanted.Reveal() == "":
		return encoded(shown)
	case is.Is(wanted):
		return c.After
	}
	return other(is, shown, c.After)
}

// another stands behind the last digits of a number that ends like that of a change.
const another = ", and it is another one"

// other is the value of a number that is not that of a change.
func other(is Phone, shown any, after json.RawMessage) json.RawMessage {
	if value := encoded(shown); !same(value, after) {
		return value
	}
	return encoded(map[string]string{"phoneNumber": is.String() + another})
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
	switch {
	case c.Kind == entramfa.AddPhoneMethod:
		return enroller.DeletePhone(ctx, a.plan.Account.ID, a.history.targets[c.ID])
	case same(c.Before, encoded(nil)):
		return enroller.UpdateMobilePhone(ctx, c.TargetID, Secret{})
	}
	if r := a.lacksNumber(c, object{}); r != nil {
		return entramfa.Receipt{}, fmt.Errorf("%s: %s", r.Text, r.Way)
	}
	number, err := GraphPhone(a.opts.Secrets.former().Reveal())
	switch {
	case err != nil:
		return entramfa.Receipt{}, err
	case c.Kind == entramfa.ChangeMobilePhone:
		return enroller.UpdateMobilePhone(ctx, c.TargetID, number)
	}
	return enroller.UpdatePhone(ctx, a.plan.Account.ID, c.TargetID, PhoneMobile, number)
}

// recall takes from the journal what stood in the profile before: when the plan was
// made it was not read. What was there already when an enrolment came to it stays.
func (a *applier) recall() {
	a.plan.Changes = slices.Clone(a.plan.Changes)
	for i := range a.plan.Changes {
		c := &a.plan.Changes[i]
		before, written := a.history.entries[c.ID].Before, numbered(c.Kind) || c.Kind == entramfa.ChangePerUserMFA
		switch {
		case a.plan.Procedure != ProcedureEnrolment || !written:
		case before == nil && a.history.changes[c.ID] == made:
			c.Before = c.After
		case before != nil && c.Kind == entramfa.ChangeMobilePhone:
			c.Before = before
		}
	}
}

// lacksNumber says that a number can't be put back for want of one that is not kept.
func (a *applier) lacksNumber(c *entramfa.Change, is object) *Refusal {
	former := a.opts.Secrets.former()
	number, err := GraphPhone(former.Reveal())
	switch {
	case !numbered(c.Kind) || same(c.Before, encoded(nil)) || same(c.Before, c.After):
		return nil
	case strings.Contains(string(c.Before), another) && !a.phoneFits(c):
		return &Refusal{GuardSecret, fmt.Sprintf("the former number ends like the plan's, %s, so that change %s can't be told from what was before it", c.After, c.ID),
			"give the plan's number in Secrets.Phone, too, in the international form"}
	case same(is.value, c.Before):
		return nil
	case former.Reveal() == "":
		return &Refusal{GuardSecret, fmt.Sprintf("the former number of change %s, %s, is not kept", c.ID, c.Before), "give it in Secrets.FormerPhone, in the international form"}
	case err != nil, !strings.Contains(string(c.Before), NewPhone(number.Reveal()).String()):
		return &Refusal{GuardSecret, fmt.Sprintf("the number in Secrets.FormerPhone does not end like the former one of change %s, %s", c.ID, c.Before), "give the former one, in the international form"}
	}
	return nil
}

// keptByGraph says that Graph refuses to remove a phone, as it does with the one that
// is the default method, or beside which there is another one. Its words for it are
// not published.
// Source: https://learn.microsoft.com/graph/api/phoneauthenticationmethod-delete.
func keptByGraph(c *entramfa.Change, err error) bool {
	var graph *entramfa.GraphError
	return c.Kind == entramfa.AddPhoneMethod && errors.As(err, &graph) && graph.Status == http.StatusBadRequest
}

// stays says that a phone is not removed.
func (a *applier) stays(c *entramfa.Change, err error) error {
	a.result.NotUndone = append(a.result.NotUndone, fmt.Sprintf(
		"the phone of change %s, %s, stays registered, for Graph does not remove it: %v; where it is the default method, make another one the default, and remove it in the Entra admin center", c.ID, c.After, err))
	return a.note(Entry{Kind: EntryFailed, ChangeID: c.ID, Error: err.Error(), Refused: true})
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
