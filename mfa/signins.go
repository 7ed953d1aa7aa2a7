package mfa

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
)

// The bounds of what SignIns reads.
const (
	defaultWindow  = 7 * 24 * time.Hour
	longestWindow  = 30 * 24 * time.Hour // the log holds no more: https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention
	defaultRecords = 1000
)

// SignInOptions say how much of the sign-in log SignIns reads. The zero
// SignInOptions and nil mean the same.
type SignInOptions struct {
	// Window is how far back it looks, 7 days where it is zero; the log holds 30.
	Window time.Duration
	// Records is how many sign-ins of each log it reads at most, the newest; zero means 1000.
	Records int
	// Now is where the window ends; zero means the current time.
	Now time.Time
}

// SignInEvidence is what the sign-in log says of an account. A log that could not
// be read is named in Missing: what isn't in the evidence then proves nothing.
type SignInEvidence struct {
	UserID string `json:"userId"`
	// From and To are the ends of the window.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Interactive and NonInteractive say how each of the two logs was read.
	Interactive    SignInLog `json:"interactive"`
	NonInteractive SignInLog `json:"nonInteractive"`

	// LastSuccess and LastFailure are the newest sign-ins of any kind;
	// LastPasswordSuccess and LastPasswordFailure the newest password grants, a failure
	// counting only where the password was accepted.
	LastSuccess         *SignInMoment `json:"lastSuccess,omitempty"`
	LastFailure         *SignInMoment `json:"lastFailure,omitempty"`
	LastPasswordSuccess *SignInMoment `json:"lastPasswordSuccess,omitempty"`
	LastPasswordFailure *SignInMoment `json:"lastPasswordFailure,omitempty"`

	// Demands says who demanded MFA, Policies which policies were looked at with
	// which result, Uses to what and from where the account signs in.
	Demands  []MFADemand `json:"demands"`
	Policies []PolicyUse `json:"policies"`
	Uses     []SignInUse `json:"uses"`
	// Person says whether a person uses the account.
	Person Person `json:"person"`

	// Missing names what was not known, Advice what to do about it.
	Missing []string          `json:"missing,omitempty"`
	Advice  []entramfa.Advice `json:"advice,omitempty"`
}

// SignInLog says how one log was read. The zero SignInLog is one that wasn't.
type SignInLog struct {
	// Read says that the log was read, to the end of the window or up to the limit.
	Read bool `json:"read"`
	// Cut says that the log holds more sign-ins than were read, older ones.
	Cut       bool `json:"cut"`
	Records   int  `json:"records"`
	Successes int  `json:"successes"`
	Failures  int  `json:"failures"`
	// Oldest is the time of the oldest sign-in that was read.
	Oldest *time.Time `json:"oldest,omitempty"`
	// Missing says why it could not be read.
	Missing string `json:"missing,omitempty"`
}

// SignInMoment is one sign-in, in short.
type SignInMoment struct {
	At time.Time `json:"at"`
	// Code is the AADSTS number; 0 is success.
	Code        int    `json:"code"`
	Resource    string `json:"resource"`
	Client      string `json:"client"`
	Address     string `json:"address"`
	Protocol    string `json:"protocol,omitempty"`
	Interactive bool   `json:"interactive"`
}

// MFADemand is one provider that demanded MFA.
type MFADemand struct {
	// Provider is the log's word, Source what it means; empty where that isn't known.
	Provider string          `json:"provider"`
	Source   entramfa.Source `json:"source,omitempty"`
	Detail   string          `json:"detail,omitempty"`
	SignIns  int             `json:"signIns"`
	Last     SignInMoment    `json:"last"`
	// LastPassword is the newest password grant of which it was demanded.
	LastPassword *SignInMoment `json:"lastPassword,omitempty"`
}

// PolicyUse is what a Conditional Access policy did in the window.
type PolicyUse struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Results counts the sign-ins by result: success, failure, notApplied and the like.
	Results map[string]int `json:"results"`
	// Controls are those that were enforced, in the log's words.
	Controls []string `json:"controls,omitempty"`
	// LastRefused is the newest password grant that the policy refused.
	LastRefused *SignInMoment `json:"lastRefused,omitempty"`
}

// SignInUse is one way in which the account signs in: a program, a resource, an
// address, a protocol. What holds of one proves nothing of another.
type SignInUse struct {
	ClientID     string `json:"clientId"`
	ClientName   string `json:"clientName,omitempty"`
	ResourceID   string `json:"resourceId"`
	ResourceName string `json:"resourceName,omitempty"`
	Address      string `json:"address"`
	// ClientApp and Protocol are the log's words, such as "Browser" and ropc.
	ClientApp   string `json:"clientApp"`
	Protocol    string `json:"protocol,omitempty"`
	Interactive bool   `json:"interactive"`
	SignIns     int    `json:"signIns"`
	Successes   int    `json:"successes"`
	// Accepted counts those of which the password, or what stood in its place, was accepted.
	Accepted int       `json:"accepted"`
	Last     time.Time `json:"last"`
	// LastSuccess is the newest that passed, LastRefused the newest that was refused
	// although the password was accepted.
	LastSuccess *SignInMoment `json:"lastSuccess,omitempty"`
	LastRefused *SignInMoment `json:"lastRefused,omitempty"`
	// Demands says who demanded MFA, RefusedBy which policies refused the sign-in.
	Demands   []UseDemand  `json:"demands,omitempty"`
	RefusedBy []UseRefusal `json:"refusedBy,omitempty"`
}

// UseDemand is a provider that demanded MFA of a way to sign in.
type UseDemand struct {
	// Provider is the log's word, Source what it means; empty where that isn't known.
	Provider string          `json:"provider"`
	Source   entramfa.Source `json:"source,omitempty"`
	// Last is the newest sign-in of which it was demanded.
	Last SignInMoment `json:"last"`
}

// UseRefusal is a Conditional Access policy that refused a way to sign in.
type UseRefusal struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Last is the newest sign-in that it refused.
	Last SignInMoment `json:"last"`
}

// SignIns reads the sign-in log of an account, named by object id: the log of
// interactive sign-ins and that of the others, since a password grant is found in
// the one or the other. What can't be read, for want of a licence or a permission,
// is named in the result; the error is the context's, or says that the call is wrong:
// of a user principal name the log would hold nothing, which looks like an account
// that nobody uses.
func SignIns(ctx context.Context, reader SignInLogReader, userID string, opts *SignInOptions) (SignInEvidence, error) {
	o, err := opts.withDefaults()
	switch {
	case reader == nil:
		return SignInEvidence{}, errors.New("mfa: SignIns needs a reader")
	case !guid.Is(userID):
		return SignInEvidence{}, fmt.Errorf("mfa: SignIns needs the object id of an account, and %q is none: Report.Account.ID is one", userID)
	case err != nil:
		return SignInEvidence{}, err
	}
	g := newGatherer(userID, o)
	for _, nonInteractive := range []bool{false, true} {
		g.read(ctx, reader, nonInteractive)
		if err := ctx.Err(); err != nil {
			return SignInEvidence{}, fmt.Errorf("mfa: read the sign-in log: %w", err)
		}
	}
	return g.finish(), nil
}

func (o *SignInOptions) withDefaults() (SignInOptions, error) {
	var options SignInOptions
	if o != nil {
		options = *o
	}
	if options.Window < 0 || options.Window > longestWindow || options.Records < 0 {
		return options, fmt.Errorf("mfa: SignIns reads at most %d days, and not fewer than no records", int(longestWindow.Hours()/24))
	}
	if options.Window == 0 {
		options.Window = defaultWindow
	}
	if options.Records == 0 {
		options.Records = defaultRecords
	}
	if options.Now.IsZero() {
		options.Now = time.Now().UTC().Truncate(time.Second)
	}
	return options, nil
}
