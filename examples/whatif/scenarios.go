package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// scenario is a set of sign-ins with a name.
type scenario struct {
	Name   string        `json:"name"`
	SignIn policy.SignIn `json:"signIn"`
}

// UnmarshalJSON reads what differs from the usual sign-in.
func (s *scenario) UnmarshalJSON(text []byte) error {
	var read struct {
		Name   string
		SignIn json.RawMessage
	}
	if err := strictly(text, &read); err != nil {
		return err
	}
	*s = scenario{Name: read.Name, SignIn: usualSignIn()}
	if read.Name == "" {
		return fmt.Errorf("a scenario without a name")
	}
	if read.SignIn == nil {
		return nil
	}
	if err := strictly(read.SignIn, &s.SignIn); err != nil {
		return fmt.Errorf("%s: %w", read.Name, err)
	}
	return nil
}

// strictly decodes JSON and refuses members that are none: a typing error would
// ask something else.
func strictly(text []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(target)
}

// usualSignIn is a single sign-in: what a scenario doesn't say.
func usualSignIn() policy.SignIn {
	s := policy.PasswordSignIn()
	s.Applications, s.AuthenticationContexts = []string{mfa.ExchangeOnline}, []string{}
	s.ClientAppTypes, s.Platforms = []string{"mobileAppsAndDesktopClients"}, []string{"windows"}
	s.Addresses, s.Countries = []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, []string{"NL"}
	s.CompliantNetworks = []bool{false}
	s.SignInRiskLevels, s.UserRiskLevels, s.InsiderRiskLevels = []string{"none"}, []string{"none"}, []string{"none"}
	return s
}

//go:embed scenarios.json
var embeddedScenarios []byte

// list reads the sign-ins to compare.
func (o options) list() ([]scenario, error) {
	if !o.compare {
		return nil, nil
	}
	name, text := "scenarios.json", embeddedScenarios
	if o.scenarios != "" {
		var err error
		if name, text, err = o.readScenarios(); err != nil {
			return nil, err
		}
	}
	var scenarios []scenario
	if err := json.Unmarshal(text, &scenarios); err != nil {
		return nil, open.Wrong("%s: %v", name, err)
	}
	if len(scenarios) == 0 {
		return nil, open.Wrong("%s holds no scenario", name)
	}
	return scenarios, nil
}

func (o options) readScenarios() (name string, text []byte, err error) {
	if text, err = os.ReadFile(o.scenarios); err != nil {
		return "", nil, open.Wrong("-scenarios: %v", err)
	}
	return o.scenarios, text, nil
}

// embeddedQuestions are two sign-ins of the built-in account, and all of them.
func embeddedQuestions() []scenario {
	abroad := usualSignIn()
	abroad.Addresses, abroad.Countries = []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}, []string{"US"}
	return []scenario{
		{"One sign-in: Exchange Online from the head office", usualSignIn()},
		{"One sign-in: Exchange Online from abroad", abroad},
		{"All password sign-ins", policy.PasswordSignIn()},
	}
}

// apps are resources that have a name of their own here.
var apps = []struct{ word, id, name string }{
	{"graph", mfa.MicrosoftGraph, "Microsoft Graph"},
	{"exchange", mfa.ExchangeOnline, "Exchange Online"},
	{"sharepoint", mfa.SharePointOnline, "SharePoint Online"},
	{"azure", mfa.AzureManagement, "Azure management"},
}

// appID returns the app id that a word or an id means.
func appID(word string) (string, bool) {
	for _, app := range apps {
		if strings.EqualFold(app.word, word) {
			return app.id, true
		}
	}
	return word, guid.Is(word)
}

// named puts the names of resources in the place of their app ids.
func named(text string) string {
	for _, app := range apps {
		text = strings.ReplaceAll(text, app.id, app.name)
	}
	return text
}
