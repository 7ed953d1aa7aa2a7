package policy

import "slices"

// samples lists, for each property, one value of the region for each way in
// which the conditions of the policies may take it.
func (j *judge) samples(effects []effectOf) [properties][]point {
	var s [properties][]point
	r := j.region
	s[onTarget] = j.targets(effects)
	s[onClientAppType] = pointsOf(clientAppTypeAxis.or(r.ClientAppTypes), func(p *point, v string) { p.clientAppType = v })
	s[onPlatform] = pointsOf(platformAxis.or(r.Platforms), func(p *point, v string) { p.platform = v })
	s[onOrigin] = pointsOf(j.origins(allPlaces(effects)...), func(p *point, v origin) { p.origin = v })
	s[onDevice] = pointsOf(r.devices(), func(p *point, v Device) { p.device = v })
	s[onSignInRisk] = pointsOf(riskAxis.or(r.SignInRiskLevels), func(p *point, v string) { p.signInRisk = v })
	s[onUserRisk] = pointsOf(riskAxis.or(r.UserRiskLevels), func(p *point, v string) { p.userRisk = v })
	s[onInsiderRisk] = pointsOf(insiderAxis.or(r.InsiderRiskLevels), func(p *point, v string) { p.insiderRisk = v })
	s[onAuthenticationFlow] = pointsOf(flowAxis.or(r.AuthenticationFlows), func(p *point, v string) { p.authenticationFlow = v })
	return s
}

// or returns the region's values, or all there are where it names none.
func (a axis) or(region []string) []string {
	if region == nil {
		return a
	}
	return region
}

func pointsOf[T any](values []T, set func(*point, T)) []point {
	list := make([]point, len(values))
	for i, v := range values {
		set(&list[i], v)
	}
	return list
}

// targets lists the resources, with and without the contexts for which they may
// ask, and the user actions.
func (j *judge) targets(effects []effectOf) []point {
	apps, contexts := j.region.Applications, j.region.AuthenticationContexts
	var named, asked []string
	for _, e := range effects {
		for _, c := range e.conditions {
			if c.applications != nil {
				named = append(named, mentioned(c.applications)...)
				asked = append(asked, c.applications.IncludeAuthenticationContextClassReferences...)
			}
		}
	}
	if apps == nil {
		apps = append(named, mentioned(&Applications{})...)
	}
	if contexts == nil {
		contexts = append(asked, "")
	}
	if len(contexts) == 0 {
		contexts = []string{""}
	}
	var list []point
	for _, app := range distinct(apps) {
		for _, context := range distinct(contexts) {
			list = append(list, point{target: target{application: app, context: context}})
		}
	}
	for _, action := range userActionAxis.or(j.region.UserActions) {
		list = append(list, point{target: target{action: action}})
	}
	return list
}

func allPlaces(effects []effectOf) []places {
	var all []places
	for _, e := range effects {
		for _, c := range e.conditions {
			all = append(all, c.places...)
		}
	}
	return slices.Clip(all)
}
