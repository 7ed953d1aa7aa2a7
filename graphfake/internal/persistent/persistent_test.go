package persistent

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// model is what a table does, the plain way.
type model struct {
	order  []string
	values map[string]int
}

func (m model) with(key string, value int) model {
	values := maps.Clone(m.values)
	if values == nil {
		values = map[string]int{}
	}
	if _, known := values[key]; !known {
		m.order = append(slices.Clone(m.order), key)
	}
	values[key] = value
	return model{m.order, values}
}

func (m model) without(key string) model {
	values := maps.Clone(m.values)
	delete(values, key)
	return model{slices.DeleteFunc(slices.Clone(m.order), func(k string) bool { return k == key }), values}
}

func equal(t *testing.T, want model, got Table[int]) {
	t.Helper()
	require.Equal(t, len(want.order), got.Len())
	var order []string
	for key, value := range got.All() {
		order = append(order, key)
		require.Equal(t, want.values[key], value)
	}
	require.Equal(t, want.order, order)
	for key, value := range want.values {
		found, ok := got.Get(key)
		require.True(t, ok)
		require.Equal(t, value, found)
	}
	_, ok := got.Get("never")
	require.False(t, ok)
}

// Every version that ever was stays what it was.
func TestTableIsTheModelInEveryVersion(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	type version struct {
		model model
		table Table[int]
	}
	versions := []version{{}}
	for range 4000 {
		v := versions[max(0, len(versions)-1-random.IntN(3))]
		key := fmt.Sprint(random.IntN(300))
		if random.IntN(5) < 2 {
			v = version{v.model.without(key), v.table.Without(key)}
		} else {
			n := random.Int()
			v = version{v.model.with(key, n), v.table.With(key, n)}
		}
		versions = append(versions, v)
	}
	for _, v := range versions {
		equal(t, v.model, v.table)
	}
}

func TestTableFromAPlace(t *testing.T) {
	var table Table[int]
	for i := range 100 {
		table = table.With(fmt.Sprint(i), i)
	}
	rest := func(skip int) (values []int) {
		for _, v := range table.From(skip) {
			values = append(values, v)
		}
		return values
	}
	assert.Len(t, rest(0), 100)
	assert.Equal(t, []int{98, 99}, rest(98))
	assert.Empty(t, rest(100))
	assert.Empty(t, rest(1000))
	table = table.Without("3").Without("98")
	assert.Equal(t, []int{97, 99}, rest(96), "gaps don't count")
	assert.Empty(t, rest(98))
}

func TestEmptiedTableIsEmpty(t *testing.T) {
	var table Table[int]
	for i := range 1000 {
		table = table.With(fmt.Sprint(i), i)
	}
	for i := range 1000 {
		table = table.Without(fmt.Sprint(i))
	}
	equal(t, model{}, table)
	assert.LessOrEqual(t, table.order.Len(), 2*width*width, "gaps are closed")
	equal(t, model{}.with("a", 1), table.With("a", 1))
}

func TestKeysOfOneHash(t *testing.T) {
	var root *node[int]
	added := 0
	put := func(key string, value int) {
		changed, isNew := root.with(0, &leaf[int]{sum: 7, key: key, value: value})
		if root = changed; isNew {
			added++
		}
	}
	put("a", 1)
	put("b", 2)
	put("c", 3)
	put("b", 4)
	assert.Equal(t, 3, added)
	values := map[string]int{}
	root.all(func(key string, value int) bool { values[key] = value; return true })
	assert.Equal(t, map[string]int{"a": 1, "b": 4, "c": 3}, values)
	value, ok := root.entries[0].leaf.get("a")
	assert.True(t, ok)
	assert.Equal(t, 1, value)
	for _, key := range []string{"b", "a"} {
		changed, removed := root.without(7, key)
		require.True(t, removed)
		root = changed
	}
	same, removed := root.without(7, "b")
	assert.False(t, removed)
	assert.Same(t, root, same)
	root, removed = root.without(7, "c")
	assert.True(t, removed)
	assert.Nil(t, root)
}

// Hashes that differ only in their last bits part far down.
func TestKeysOfNearlyOneHash(t *testing.T) {
	var root *node[int]
	for i := range 16 {
		root, _ = root.with(0, &leaf[int]{sum: uint64(i) << 60, key: fmt.Sprint(i), value: i})
	}
	for i := range 16 {
		n, sum := root, uint64(i)<<60
		for ; n.entries[0].branch != nil; sum >>= width {
			n = n.entries[0].branch
		}
		at, taken := n.place(sum)
		require.True(t, taken)
		assert.Equal(t, i, n.entries[at].leaf.value)
	}
	for i := range 16 {
		var removed bool
		root, removed = root.without(uint64(i)<<60, fmt.Sprint(i))
		require.True(t, removed)
	}
	assert.Nil(t, root)
}

func TestListIsTheSliceInEveryVersion(t *testing.T) {
	var list List[int]
	var versions []List[int]
	for i := range 33000 {
		list = list.With(i)
		if i%997 == 0 {
			versions = append(versions, list)
		}
	}
	changed := list
	for i := 0; i < changed.Len(); i += 31 {
		changed = changed.Set(i, -i)
	}
	for i, item := range list.From(0) {
		require.Equal(t, i, item)
		require.Equal(t, i, list.At(i))
	}
	for i, item := range changed.From(0) {
		if i%31 == 0 {
			require.Equal(t, -i, item)
		} else {
			require.Equal(t, i, item)
		}
	}
	for n, v := range versions {
		require.Equal(t, n*997+1, v.Len())
		count := 0
		for i, item := range v.From(v.Len() / 2) {
			require.Equal(t, i, item)
			count++
		}
		require.Equal(t, v.Len()-v.Len()/2, count)
	}
}

func TestRunsStopWhenAsked(t *testing.T) {
	var table Table[int]
	for i := range 200 {
		table = table.With(fmt.Sprint(i), i)
	}
	seen := 0
	for range table.All() {
		if seen++; seen == 40 {
			break
		}
	}
	assert.Equal(t, 40, seen)
	for range table.rows.All() {
		if seen++; seen == 50 {
			break
		}
	}
	assert.Equal(t, 50, seen)
}
