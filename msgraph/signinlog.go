package msgraph

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

const (
	signInsPath = "/auditLogs/signIns"
	// maxSignIns bounds what a log without an end can send: more than one sign-in
	// every three seconds for the 30 days that the log holds.
	maxSignIns = 1_000_000
)

// SignInLog streams the sign-ins of an account, the newest first, a page of up
// to a thousand at a time while it is consumed. It asks beta, for v1.0 doesn't
// know sign-ins without a person. It needs AuditLog.Read.All, and Policy.Read.All to
// tell which policies applied; a tenant without Entra ID P1 gives
// entramfa.ErrLicense. The log follows the sign-ins after minutes.
// Source: https://learn.microsoft.com/graph/api/signin-list?view=graph-rest-beta.
func (c *Client) SignInLog(ctx context.Context, query mfa.SignInQuery) iter.Seq2[mfa.SignInRecord, error] {
	return func(yield func(mfa.SignInRecord, error) bool) {
		c.absent(ctx)
		if !guid.Is(query.UserID) {
			yield(mfa.SignInRecord{}, fmt.Errorf("msgraph: the sign-in log asks for an object id, which %q is not", query.UserID))
			return
		}
		r := signInRequest(query)
		for line, err := range stream[signInLine](c.alone(ctx), c, r, maxSignIns) {
			if err == nil && !strings.EqualFold(line.UserID, query.UserID) {
				err = unreadable(r, answer{status: http.StatusOK}, fmt.Errorf("a record is of another account, %q", line.UserID))
			}
			if err != nil {
				yield(mfa.SignInRecord{}, err)
				return
			}
			if !yield(line.SignInRecord, nil) {
				return
			}
		}
	}
}

// signInRequest asks for the one log or the other.
func signInRequest(query mfa.SignInQuery) request {
	filter := "userId eq " + quoted(query.UserID)
	if !query.Since.IsZero() {
		filter += " and createdDateTime ge " + query.Since.UTC().Format(time.RFC3339)
	}
	if query.NonInteractive {
		filter += " and signInEventTypes/any(t: t eq 'nonInteractiveUser')"
	}
	// Without the header the protocol of a password grant reads unknownFutureValue.
	return get(beta, signInsPath).with("$filter", filter).with("$orderby", "createdDateTime desc").
		headed("Prefer", "include-unknown-enum-members")
}

// signInLine is a record that tells how it ended.
type signInLine struct {
	mfa.SignInRecord
	ended bool
}

// UnmarshalJSON reads the record. One without an error number would pass for a
// sign-in that went well.
func (s *signInLine) UnmarshalJSON(text []byte) error {
	var end struct {
		Status struct{ ErrorCode *int }
	}
	if err := json.Unmarshal(text, &s.SignInRecord); err != nil {
		return err
	}
	err := json.Unmarshal(text, &end)
	s.ended = end.Status.ErrorCode != nil
	return err
}

// lacking names what the record lacks.
func (s *signInLine) lacking() string {
	switch {
	case s.ID == "":
		return "id"
	case s.CreatedDateTime == "":
		return "createdDateTime"
	case !s.ended:
		return "status/errorCode"
	}
	return ""
}
