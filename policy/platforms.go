package policy

import (
	"fmt"
	"slices"

	"github.com/entramfa/entramfa"
)

// platforms is the condition on the device platform, which comes unverified from
// the user agent: all takes in unknown ones, a list doesn't, exclusion wins.
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessplatforms.
func (j *judge) platforms(p *Platforms) coverage {
	const name = "platforms"
	switch {
	case p == nil:
		return always()
	case len(unknownMembers(p.members)) > 0:
		return cantTell(name, "%s", unknownCondition("conditions.platforms", unknownMembers(p.members)))
	case len(p.IncludePlatforms) == 0 && len(p.ExcludePlatforms) == 0:
		return always()
	case len(p.IncludePlatforms) == 0:
		return cantTell(name, "which platforms the policy includes: the answer did not say")
	}
	included, excluded := foreignPlatforms(p.IncludePlatforms), foreignPlatforms(p.ExcludePlatforms)
	if containsFold(p.IncludePlatforms, "all") && len(included)+len(p.ExcludePlatforms) == 0 {
		return always()
	}
	holds := func(platform string) truth {
		return both(meansPlatform(p.IncludePlatforms, included, platform), meansPlatform(p.ExcludePlatforms, excluded, platform).not())
	}
	extent, inside := platformAxis.cover(j.region.Platforms, holds)
	c := p.text(extent, func(s *SignIn) { s.Platforms = []string{inside} }).
		by(onPlatform, func(at *point) truth { return holds(at.platform) }).
		beside(slices.Concat(included, excluded), "what the platforms %s are")
	if foreign := platformAxis.foreign(j.region.Platforms); len(foreign) > 0 {
		c.caveats = append(c.caveats, fmt.Sprintf("Graph has no word for the platform %s: it is taken for one that only a policy for every platform means", names(foreign)))
	}
	return c
}

// foreignPlatforms are words of a policy: there unknown is none that Graph has.
func foreignPlatforms(list []string) []string { return platformAxis[1:].foreign(list, "all") }

// meansPlatform says whether one side of the condition means a platform.
func meansPlatform(list, foreign []string, platform string) truth {
	if containsFold(list, "all") {
		return yes
	}
	return listed(list, foreign, platform)
}

func (p *Platforms) text(extent entramfa.Extent, narrow func(*SignIn)) coverage {
	const name = "platforms"
	on := "every platform"
	if !containsFold(p.IncludePlatforms, "all") {
		on = names(p.IncludePlatforms)
	}
	if len(p.ExcludePlatforms) > 0 {
		on += " but " + names(p.ExcludePlatforms)
	}
	switch {
	case extent == entramfa.Never:
		return covers(extent, name, "none of the sign-ins is on %s", on)
	case containsFold(p.IncludePlatforms, "all"):
		return of(extent, narrow, name, "on %s; a program that names no known platform is met", on)
	}
	return of(extent, narrow, name, "on %s, as the program's user agent says", on)
}
