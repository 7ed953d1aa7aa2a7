package policy

import (
	"fmt"

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
	}
	all := containsFold(p.IncludePlatforms, "all")
	if foreign := append(platformAxis[1:].foreign(p.IncludePlatforms, "all"), platformAxis[1:].foreign(p.ExcludePlatforms, "all")...); len(foreign) > 0 {
		return cantTell(name, "what the platforms %s are", names(foreign))
	}
	if all && len(p.ExcludePlatforms) == 0 {
		return always()
	}
	extent, inside := platformAxis.cover(j.region.Platforms, p.hold)
	c := p.text(extent, func(s *SignIn) { s.Platforms = []string{inside} }).
		by(onPlatform, func(at *point) truth { return p.hold(at.platform) })
	if foreign := platformAxis.foreign(j.region.Platforms); len(foreign) > 0 {
		c.caveats = []string{fmt.Sprintf("Graph has no word for the platform %s: it is taken for one that only a policy for every platform means", names(foreign))}
	}
	return c
}

// hold says whether the condition takes a platform in.
func (p *Platforms) hold(platform string) truth {
	in := containsFold(p.IncludePlatforms, "all") || containsFold(p.IncludePlatforms, platform)
	return truthOf(in && !containsFold(p.ExcludePlatforms, platform) && !containsFold(p.ExcludePlatforms, "all"))
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
