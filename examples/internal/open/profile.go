package open

import (
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/policy"
)

// Profiles is a flag that names how the account usually signs in; given several
// times it means each of these ways.
type Profiles struct {
	names        List
	applications []string
}

// profile is a sign-in that has a name on the command line.
type profile struct {
	name   string
	signIn policy.SignIn
}

func profiles() []profile {
	return []profile{
		{"graph", policy.GraphSignIn()},
		{"exchange", policy.ExchangeOnlineSignIn()},
		{"sharepoint", policy.SharePointSignIn()},
		{"azure-cli", policy.AzureCLISignIn()},
		{"azure-powershell", policy.AzurePowerShellSignIn()},
	}
}

// String joins the names.
func (p *Profiles) String() string { return p.names.String() }

// Set adds a profile.
func (p *Profiles) Set(name string) error {
	var known []string
	for _, one := range profiles() {
		if strings.EqualFold(one.name, name) {
			p.add(one)
			return nil
		}
		known = append(known, one.name)
	}
	return fmt.Errorf("there are %s", strings.Join(known, ", "))
}

// add takes in what a profile signs in to: all of them are password sign-ins
// that differ in nothing else.
func (p *Profiles) add(one profile) {
	p.names = append(p.names, one.name)
	for _, app := range one.signIn.Applications {
		if !slices.Contains(p.applications, app) {
			p.applications = append(p.applications, app)
		}
	}
}

// Given says whether a profile was named.
func (p *Profiles) Given() bool { return len(p.names) > 0 }

// Beside refuses a flag that names the resources beside a profile, which names
// them all: fewer would be less than what its client does, and clear too soon.
func (p *Profiles) Beside(flag string, resources List) error {
	if !p.Given() || len(resources) == 0 {
		return nil
	}
	return Wrong("-profile and -%s exclude each other: both say what the account signs in to", flag)
}

// SignIn is the password sign-in to what the profiles name or, where there is
// none, to these resources, or any.
func (p *Profiles) SignIn(resources []string) policy.SignIn {
	signIn := policy.PasswordSignIn()
	signIn.Applications = resources
	if p.Given() {
		signIn.Applications = slices.Clone(p.applications)
	}
	return signIn
}
