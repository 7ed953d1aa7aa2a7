package policy

import (
	"slices"
	"strings"

	"github.com/entramfa/entramfa/internal/guid"
)

// targetColumns are the columns of what a sign-in is for: a resource, which may
// ask for an authentication context, or a user action. An effect looks at one of
// the three.
type targetColumns struct {
	conditions *conditions
	// apps has the apps that a policy names or that this version knows, by their id
	// in lower case; other is that of any other id.
	apps  map[string]*column
	other *column
	// contextual are the effects that look at the context for which a resource asks.
	contextual []on
	actions    []*column // as in userActionAxis
	// names are the apps and asked the contexts, in the order of the policies.
	names, asked []string
}

// special are apps about which a policy may say something without naming them.
var special = []string{
	microsoftGraph, exchangeOnline, sharePoint, teams,
	azureManagement, azurePortal, azureDirectory, azureDataLake, applicationInsights, logAnalytics, DirectoryScopes,
}

func newTargetColumns(c *conditions, effects []effect) *targetColumns {
	t := &targetColumns{conditions: c, apps: map[string]*column{}}
	t.other = t.app(anyOtherApp)
	telling := t.telling(effects)
	for _, id := range special {
		col, at := t.other.clone(), &point{target: target{application: id}}
		for _, condition := range telling {
			col.set(condition.effect, condition.holds(at))
		}
		t.names, t.apps[strings.ToLower(id)] = append(t.names, id), &col
	}
	for i, e := range effects {
		t.add(i, e)
	}
	for _, action := range userActionAxis {
		col := c.column(onTarget, &point{target: target{action: action}})
		t.actions = append(t.actions, &col)
	}
	return t
}

// telling are the effects that tell apps apart.
func (t *targetColumns) telling(effects []effect) []on {
	return slices.DeleteFunc(slices.Clone(t.conditions.on[onTarget]), func(condition on) bool {
		e := effects[condition.effect]
		i := slices.IndexFunc(e.conditions, func(c coverage) bool { return c.applications != nil })
		return !e.bound && e.conditions[i].applications.all()
	})
}

// all says that every app is meant, whatever it is.
func (a *Applications) all() bool {
	return !a.excludes() && a.filter() == nil && len(a.IncludeUserActions)+len(a.IncludeAuthenticationContextClassReferences) == 0 &&
		len(a.IncludeApplications) == 1 && strings.EqualFold(a.IncludeApplications[0], "All")
}

// app is the column of a token for an app, for which no context is asked.
func (t *targetColumns) app(id string) *column {
	col := t.conditions.column(onTarget, &point{target: target{application: id}})
	return &col
}

// add makes the columns that one effect needs.
func (t *targetColumns) add(i int, e effect) {
	for _, c := range e.conditions {
		if c.applications == nil {
			continue
		}
		for _, id := range append(slices.Clone(c.applications.IncludeApplications), c.applications.ExcludeApplications...) {
			if guid.Is(id) {
				t.name(i, c, strings.ToLower(id))
			}
		}
		if contexts := c.applications.IncludeAuthenticationContextClassReferences; len(contexts) > 0 && c.holds != nil {
			t.contextual, t.asked = append(t.contextual, on{i, c.holds}), append(t.asked, contexts...)
		}
	}
}

// name sets what an effect that names an app does to it.
func (t *targetColumns) name(i int, c coverage, id string) {
	col, known := t.apps[id]
	if !known {
		other := t.other.clone()
		col = &other
		t.names, t.apps[id] = append(t.names, id), col
	}
	if c.holds != nil {
		col.set(i, c.holds(&point{target: target{application: id}}))
	}
}

// of is the column of one target.
func (t *targetColumns) of(at target) *column {
	if at.action != "" {
		return t.action(at.action)
	}
	app := t.resource(at.application)
	if at.context == "" {
		return app
	}
	asked := app.clone()
	for _, condition := range t.contextual {
		asked.set(condition.effect, condition.holds(&point{target: at}))
	}
	return &asked
}

func (t *targetColumns) action(action string) *column {
	if i := userActionAxis.index(action); i >= 0 {
		return t.actions[i]
	}
	col := t.conditions.column(onTarget, &point{target: target{action: action}})
	return &col
}

func (t *targetColumns) resource(id string) *column {
	switch col, known := lookup(t.apps, id); {
	case known:
		return col
	case guid.Is(id) || id == anyOtherApp:
		return t.other
	}
	return t.app(id)
}

// lookup finds a text whose letters may be capital ones, without allocating.
func lookup[T any](m map[string]T, text string) (T, bool) {
	if value, known := m[text]; known {
		return value, true
	}
	var lower [40]byte
	if len(text) > len(lower) {
		value, known := m[strings.ToLower(text)]
		return value, known
	}
	for i := range len(text) {
		b := text[i]
		if b >= 0x80 {
			value, known := m[strings.ToLower(text)]
			return value, known
		}
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		lower[i] = b
	}
	value, known := m[string(lower[:len(text)])]
	return value, known
}

// unique drops what was there before, of a list that may be long.
func unique(list []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(list), func(text string) bool {
		was := seen[text]
		seen[text] = true
		return was
	})
}

// targets lists those of a region: of its apps and contexts all that the effects
// tell apart. ok is false where they are too many.
func (t *targetColumns) targets(s SignIn) (list []target, ok bool) {
	apps, contexts := s.Applications, s.AuthenticationContexts
	if apps == nil {
		apps = append(slices.Clip(t.names), anyOtherApp)
	}
	if contexts == nil {
		contexts = open(t.asked)
	}
	if len(t.contextual) == 0 {
		contexts = nil // nothing tells them apart
	}
	if len(contexts) == 0 {
		contexts = []string{""}
	}
	apps, contexts = unique(apps), unique(contexts)
	if len(apps)*len(contexts) > maxSamples {
		return nil, false
	}
	for _, app := range apps {
		for _, context := range contexts {
			list = append(list, target{application: app, context: context})
		}
	}
	for _, action := range s.actions() {
		if action != "" {
			list = append(list, target{action: action})
		}
	}
	return list, true
}
