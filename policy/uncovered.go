package policy

import (
	"slices"

	"github.com/entramfa/entramfa/policy/internal/cells"
)

// Uncovered returns one sign-in of a set that no policy blocks or demands anything
// of. found is false where each is met or may be, where the policies are not known,
// and where they are too tangled to look through: Decide tells these apart, and
// wherever it is Clear, or Sometimes anything, there is one unless they are too tangled.
// It is single in every property that some policy tells apart.
func (a *Account) Uncovered(signIns SignIn) (witness SignIn, found bool) {
	if !a.prepared.tenant.Policies.Known() {
		return SignIn{}, false
	}
	r := a.prepared.table.region(signIns)
	if r.blurred {
		return SignIn{}, false
	}
	possible := slices.Clone(a.possible)
	possible.And(r.meets.heldPossible)
	list, ok := r.meets.possible.Least(possible, cells.NewSet(len(a.prepared.table.effects)), maxCells)
	for _, cell := range list {
		if ok && cell.Boxes.Empty() {
			for on, sample := range cell.At {
				r.samples[on][sample].point.narrow(property(on), &witness)
			}
			return witness, true
		}
	}
	return SignIn{}, false
}
