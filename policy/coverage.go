package policy

import (
	"fmt"

	"github.com/entramfa/entramfa"
)

// coverage is over which sign-ins of a region one condition holds.
type coverage struct {
	extent  entramfa.Extent
	reason  entramfa.Reason
	caveats []string
	missing []string
	// narrow makes a region one sign-in that the condition takes in, as far as
	// the condition looks at it; nil changes nothing.
	narrow func(*SignIn)
	// on is the property of a sign-in that the condition looks at, and holds
	// whether it takes a single sign-in in. Nil is the same for every sign-in: yes
	// where extent is Always, else unknown.
	on       property
	holds    func(*point) truth
	constant bool
	// applications and places are what the condition tells apart.
	applications *Applications
	places       []places
}

// by adds the condition on single sign-ins.
func (c coverage) by(on property, holds func(*point) truth) coverage {
	if !c.constant {
		c.on, c.holds = on, holds
	}
	return c
}

func always() coverage { return coverage{extent: entramfa.Always, constant: true} }

func covers(extent entramfa.Extent, condition, format string, args ...any) coverage {
	return coverage{extent: extent, reason: reasonf(condition, format, args...)}
}

func cantTell(condition, format string, args ...any) coverage {
	text := fmt.Sprintf(format, args...)
	return coverage{reason: entramfa.Reason{Condition: condition, Text: "can't be told: " + text}, missing: []string{text}, constant: true}
}

// conditions lists the coverage of every condition beside the user. bound says
// that what the policy does concerns the apps of token protection alone.
func (j *judge) conditions(c *Conditions, bound bool) []coverage {
	list := []coverage{
		j.applications(c.Applications, bound),
		j.clientAppTypes(c.ClientAppTypes),
		j.authenticationFlows(c.AuthenticationFlows),
		j.platforms(c.Platforms),
		j.locations(c.Locations),
		j.devices(c.Devices, c.DeviceStates),
		j.signInRisk(c.SignInRiskLevels),
		j.userRisk(c.UserRiskLevels),
		j.insiderRisk(c.InsiderRiskLevels),
		otherRisk("servicePrincipalRiskLevels", "service principal risk", c.ServicePrincipalRiskLevels),
		otherRisk("agentIdRiskLevels", "agent risk", flagValues(c.AgentIDRiskLevels)),
	}
	if names := unknownMembers(c.members); len(names) > 0 {
		list = append(list, cantTell("conditions", "%s", unknownCondition("conditions", names)))
	}
	return list
}

// of turns what a condition says of a region into a coverage: the text where it
// depends, and the way to a sign-in that it takes in.
func of(extent entramfa.Extent, narrow func(*SignIn), condition, format string, args ...any) coverage {
	c := covers(extent, condition, format, args...)
	if extent == entramfa.Sometimes {
		c.narrow = narrow
	}
	if extent == entramfa.ExtentUnknown {
		c = cantTell(condition, "whether it holds "+format, args...)
		c.constant = false
	}
	return c
}

// beside tells of foreign words in the list of a condition. What they mean is
// missing where the extent depends on it; else it is a caveat.
func (c coverage) beside(foreign []string, format string) coverage {
	text := fmt.Sprintf(format, names(foreign))
	switch {
	case len(foreign) == 0:
	case c.extent == entramfa.ExtentUnknown:
		c.reason.Text, c.missing = "can't be told: "+text, []string{text}
	default:
		c.caveats = append(c.caveats, fmt.Sprintf("it isn't known %s: other values of the policy decide", text))
	}
	return c
}

func flagValues(flags *Flags) []string {
	if flags == nil {
		return nil
	}
	return flags.Values()
}
