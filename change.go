package entramfa

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// ChangeKind is what a Change does. The values never change their meaning.
type ChangeKind string

const (
	// ChangePolicy changes members of a Conditional Access policy: its state or its exclusions.
	ChangePolicy ChangeKind = "changePolicy"
	// CreatePolicy creates a Conditional Access policy.
	CreatePolicy ChangeKind = "createPolicy"
	// CreateNamedLocation creates a named location.
	CreateNamedLocation ChangeKind = "createNamedLocation"
	// ChangeSecurityDefaults switches security defaults.
	ChangeSecurityDefaults ChangeKind = "changeSecurityDefaults"
	// ChangePerUserMFA sets the legacy per-user MFA state of an account.
	ChangePerUserMFA ChangeKind = "changePerUserMFA"
	// AddGroupMember makes an account a member of a group.
	AddGroupMember ChangeKind = "addGroupMember"
	// ChangeMobilePhone sets the mobile phone of an account's profile, which takes no part in MFA.
	ChangeMobilePhone ChangeKind = "changeMobilePhone"
	// AddPhoneMethod registers a phone as an authentication method; ChangePhoneMethod
	// gives a registered one another number.
	AddPhoneMethod    ChangeKind = "addPhoneMethod"
	ChangePhoneMethod ChangeKind = "changePhoneMethod"
	// SetPassword sets the password of an account and hands it over.
	SetPassword ChangeKind = "setPassword"
	// HumanStep is something that only a person can do.
	HumanStep ChangeKind = "humanStep"
	// HandOver hands an app password over.
	HandOver ChangeKind = "handOver"
)

// Change is one change of a tenant, planned or made. It is a value: it can be
// shown, stored as JSON and reviewed.
type Change struct {
	// ID names the change within its plan; empty outside of one.
	ID   string     `json:"id,omitempty"`
	Kind ChangeKind `json:"kind"`
	// Target is what is changed; TargetID is its object id, or "change:ID" for
	// what another change of the plan creates, and empty for what this one creates.
	TargetID   string `json:"targetId,omitempty"`
	TargetName string `json:"targetName"`
	// Before and After hold, in Graph's form, the members that change and no others.
	// Before is null for what is created.
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
	// Reason says why, Undo how it is undone.
	Reason string `json:"reason"`
	Undo   string `json:"undo"`
	// Human is what a person has to do, for a HumanStep.
	Human *Human `json:"human,omitempty"`
}

// Human is a step that only a person can take.
type Human struct {
	// Address is the page to open, Text what to do there.
	Address string `json:"address"`
	Text    string `json:"text"`
	// Done says how it is known that it was done.
	Done HumanDone `json:"done"`
	// Due is when it should be done; after it a plan says that it is late, and still waits.
	Due time.Time `json:"due"`
}

// HumanDone is how it is known that a person did a step.
type HumanDone string

const (
	// DoneRegistered: the account has finished its registration: its per-user state
	// moved on to enforced, or the registration report says so.
	DoneRegistered HumanDone = "registered"
	// DoneHandedIn: the person handed in what the step made, an app password.
	DoneHandedIn HumanDone = "handedIn"
)

// String is the change on one line, for a log: what it is, of what, and from what to
// what. The reason and the way back are left out.
func (c Change) String() string {
	text := fmt.Sprintf("%s %q: %s -> %s", c.Kind, c.TargetName, oneLine(c.Before), oneLine(c.After))
	if c.ID == "" {
		return text
	}
	return fmt.Sprintf("change %s: %s", c.ID, text)
}

// oneLine is JSON without its spaces; what is no JSON is quoted.
func oneLine(text json.RawMessage) string {
	if len(text) == 0 {
		return "null"
	}
	var compact bytes.Buffer
	if json.Compact(&compact, text) != nil {
		return fmt.Sprintf("%q", text)
	}
	return compact.String()
}

// Receipt is what a service gave for a write.
type Receipt struct {
	// RequestID is what Microsoft's support asks for; empty where none came.
	RequestID string `json:"requestId,omitempty"`
}
