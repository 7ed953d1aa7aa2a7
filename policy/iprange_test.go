package policy_test

import (
	"bytes"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// block is a range of addresses by its first and its last, four or sixteen bytes
// each. It knows nothing of net/netip, on which the engine stands.
type block struct{ first, last []byte }

// blockOf reads a range as net does, less what Graph's examples never show: a
// length with leading zeros. IPv4 in IPv6 is IPv4.
func blockOf(text string) (block, bool) {
	_, n, err := net.ParseCIDR(text)
	if err != nil {
		return block{}, false
	}
	ones, _ := n.Mask.Size()
	if !strings.HasSuffix(text, "/"+strconv.Itoa(ones)) {
		return block{}, false
	}
	b := block{first: slices.Clone(n.IP), last: slices.Clone(n.IP)}
	for i := range b.last {
		b.last[i] |= ^n.Mask[i]
	}
	if v4 := n.IP.To4(); v4 != nil && ones >= 96 {
		b = block{b.first[12:], b.last[12:]}
	}
	return b, true
}

func blocksOf(texts []string) (list []block, garbage bool) {
	for _, text := range texts {
		b, ok := blockOf(text)
		if garbage = garbage || !ok; ok {
			list = append(list, b)
		}
	}
	return list, garbage
}

func (b block) has(address []byte) bool {
	return len(address) == len(b.first) && bytes.Compare(b.first, address) <= 0 && bytes.Compare(address, b.last) <= 0
}

func anyHas(list []block, address []byte) bool {
	return slices.ContainsFunc(list, func(b block) bool { return b.has(address) })
}

// step is the address after, or by -1 before, in big-endian order; it goes round
// at the ends.
func step(address []byte, by int) []byte {
	next := slices.Clone(address)
	for i := len(next) - 1; i >= 0; i-- {
		next[i] += byte(by)
		if by > 0 && next[i] != 0 || by < 0 && next[i] != 255 {
			break
		}
	}
	return next
}

// borders lists the addresses at which ranges begin and end, and those beside them.
func borders(list []block) [][]byte {
	var all [][]byte
	for _, b := range list {
		all = append(all, b.first, b.last, step(b.first, -1), step(b.last, 1))
	}
	return all
}

// ranges is a policy for, or for all but, a location, and the blocks of both.
type ranges struct {
	include, exclude policy.Tenant
	location         []block
	garbage          bool // one of the texts is no range
}

func newRanges(t *testing.T, texts []string) ranges {
	place := policy.NamedLocation{Type: policy.IPNamedLocation, ID: office, DisplayName: "Office"}
	for _, text := range texts {
		place.IPRanges = append(place.IPRanges, policy.IPRange{CIDRAddress: text})
	}
	on := func(change string) policy.Tenant {
		in := tenant(parse(t, change))
		in.NamedLocations = entramfa.Known([]policy.NamedLocation{place})
		return in
	}
	r := ranges{
		include: on(`"locations": {"includeLocations": ["` + office + `"]}`),
		exclude: on(`"locations": {"includeLocations": ["All"], "excludeLocations": ["` + office + `"]}`),
	}
	r.location, r.garbage = blocksOf(texts)
	return r
}

// judge says over how much of a set of addresses the location extends. Excluding
// it has to say the opposite.
func (r ranges) judge(t *testing.T, addresses []netip.Prefix) entramfa.Extent {
	region := policy.SignIn{UserActions: []string{}, Addresses: addresses}
	included, excluded := policy.Judge(r.include, subject(), region)[0], policy.Judge(r.exclude, subject(), region)[0]
	opposite := map[entramfa.Extent]entramfa.Extent{entramfa.Always: entramfa.Never, entramfa.Never: entramfa.Always}
	want, turned := opposite[included.Extent]
	if !turned {
		want = included.Extent
	}
	require.Equal(t, want, excluded.Extent, "%+v\n%+v", included, excluded)
	require.Equal(t, included.Extent == entramfa.ExtentUnknown, included.Outcome == entramfa.Unknown)
	return included.Extent
}

// expected is what addresses, one for each way in which the ranges overlap, come to.
func (r ranges) expected(addresses [][]byte) entramfa.Extent {
	in, out := 0, 0
	for _, address := range addresses {
		if anyHas(r.location, address) {
			in++
		} else {
			out++
		}
	}
	switch {
	case out == 0:
		return entramfa.Always
	case r.garbage:
		return entramfa.ExtentUnknown
	case in == 0:
		return entramfa.Never
	}
	return entramfa.Sometimes
}

// lone is one address as a set of sign-ins has it, and not for an address of
// IPv4 in the sixteen bytes of IPv6, which lies in both.
func lone(address []byte) ([]netip.Prefix, bool) {
	a, _ := netip.AddrFromSlice(address)
	return []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}, !a.Is4In6()
}

// holdAgainstBytes holds the engine's answers on texts as ranges of a location
// against those of comparing bytes, for a region and the addresses in it.
func holdAgainstBytes(t *testing.T, texts, region []string, address []byte) {
	r := newRanges(t, texts)
	inside := region
	var addresses []netip.Prefix
	if len(region) == 0 {
		inside = []string{"0.0.0.0/0", "::/0"}
	}
	for _, text := range region {
		addresses = append(addresses, netip.MustParsePrefix(text))
	}
	within, _ := blocksOf(inside)
	all := slices.DeleteFunc(append(borders(slices.Concat(r.location, within)), address), func(a []byte) bool { return !anyHas(within, a) })
	whole := r.judge(t, addresses)
	require.Equal(t, r.expected(all), whole, "%q in %q", texts, region)
	for _, a := range all {
		one, ok := lone(a)
		if !ok {
			continue
		}
		got := r.judge(t, one)
		require.Equal(t, r.expected([][]byte{a}), got, "%q at %v", texts, one)
		require.False(t, whole == entramfa.Always && got != whole || whole == entramfa.Never && got != whole, "%q: %v in %q, but %v at %v", texts, whole, region, got, one)
	}
}

// readable keeps what is a range for a set of sign-ins, which has no place for others.
func readable(texts []string) []string {
	return slices.DeleteFunc(texts, func(text string) bool {
		_, err := netip.ParsePrefix(text)
		return err != nil
	})
}

func FuzzIPRanges(f *testing.F) {
	for _, seed := range []struct{ ranges, region, address string }{
		{"203.0.113.0/24", "203.0.113.0/25", "203.0.113.7"},
		{"203.0.113.0/25", "203.0.113.0/24", "203.0.113.128"},
		{"203.0.113.64/26 203.0.113.128/25", "203.0.113.77/24", "203.0.113.63"},
		{"203.0.113.0/24", "::ffff:203.0.113.0/121", "203.0.113.200"},
		{"203.0.113.0/24 203.0.114.0/23", "203.0.112.0/21", "203.0.114.255"},
		{"203.0.113.77/24 2001:db8:1::/48", "", "2001:db8:1::5"},
		{"0.0.0.0/0 ::/0", "255.255.255.255/32 ::/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"0.0.0.0/1 128.0.0.0/1", "0.0.0.0/0", "127.255.255.255"},
		{"::ffff:203.0.113.0/120", "203.0.113.0/24", "::ffff:203.0.113.9"},
		{"::ffff:0:0/95 ::ffff:0:0/96", "::fffe:0:0/96 ::ffff:203.0.113.0/121", "203.0.113.200"},
		{"fe80::1%eth0/64 203.0.113.0/24", "fe80::/64", "fe80::1"},
		{"203.0.113.0/33 203.0.113.0/024 203.0.113.0/-1 203.0.113/24 203.0.113.0", "203.0.113.0/24", "203.0.113.0"},
		{"::/129 ::/ / 1::2::3/64 office", "", "10.0.0.1"},
		{"", "198.51.100.9/32", "198.51.100.9"},
	} {
		f.Add(seed.ranges, seed.region, netip.MustParseAddr(seed.address).AsSlice())
	}
	f.Fuzz(func(t *testing.T, ranges, region string, address []byte) {
		if a, ok := netip.AddrFromSlice(address); ok {
			address = a.Unmap().AsSlice()
		} else {
			address = []byte{203, 0, 113, 7}
		}
		texts, within := strings.Split(ranges, " "), readable(strings.Split(region, " "))
		if len(texts)+len(within) <= 12 { // each is asked about on its own
			holdAgainstBytes(t, texts, within, address)
		}
	})
}
