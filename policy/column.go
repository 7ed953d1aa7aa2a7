package policy

import "github.com/entramfa/entramfa/policy/internal/cells"

// column is what one value of a property of a sign-in does to all effects at
// once: those whose conditions on the property take it in for certain, and those
// of which it isn't known that they don't.
type column struct{ yes, maybe cells.Set }

func newColumn(n int) column { return column{cells.NewSet(n), cells.NewSet(n)} }

func (c column) clone() column {
	return column{append(cells.Set(nil), c.yes...), append(cells.Set(nil), c.maybe...)}
}

// set says whether effect i takes the value in.
func (c column) set(i int, t truth) {
	c.yes.Remove(i)
	c.maybe.Remove(i)
	if t == yes {
		c.yes.Add(i)
	}
	if t != no {
		c.maybe.Add(i)
	}
}

// key is the same for columns that do the same.
func (c column) key() string {
	text := make([]byte, 0, 16*len(c.yes))
	for i := range c.yes {
		for shift := 0; shift < 64; shift += 8 {
			text = append(text, byte(c.yes[i]>>shift), byte(c.maybe[i]>>shift))
		}
	}
	return string(text)
}

// on is a condition of an effect on one property.
type on struct {
	effect int
	holds  func(*point) truth
}

// conditions are those of all effects, by the property they look at.
type conditions struct {
	effects int
	on      [properties][]on
}

// column holds a value of a property against the conditions on it; an effect
// without one takes every value in.
func (c *conditions) column(property property, value *point) column {
	all := newColumn(c.effects)
	for i := range c.effects {
		all.set(i, yes)
	}
	for _, condition := range c.on[property] {
		all.narrow(condition, value)
	}
	return all
}

func (c column) narrow(condition on, value *point) {
	i := condition.effect
	if c.maybe.Has(i) {
		before := unknown
		if c.yes.Has(i) {
			before = yes
		}
		c.set(i, both(before, condition.holds(value)))
	}
}
