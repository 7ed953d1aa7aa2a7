package open

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"strings"
)

// List is a flag that may be given several times.
type List []string

// String joins the values.
func (l *List) String() string { return strings.Join(*l, ",") }

// Set adds a value.
func (l *List) Set(value string) error {
	*l = append(*l, value)
	return nil
}

// Prefixes is a flag of address ranges; a single address is a range too.
type Prefixes []netip.Prefix

// String joins the values.
func (p *Prefixes) String() string { return fmt.Sprint([]netip.Prefix(*p)) }

// Set adds a range.
func (p *Prefixes) Set(value string) error {
	prefix, err := netip.ParsePrefix(value)
	if address, single := netip.ParseAddr(value); single == nil {
		prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
	}
	switch {
	case err != nil:
		return errors.New("an address or a range such as 203.0.113.0/24 is wanted")
	case !public(prefix.Addr()):
		return errors.New("an address of a private network never arrives at Microsoft: the public one is wanted that the network shows outside")
	}
	*p = append(*p, prefix)
	return nil
}

// public says that an address can be the source of a sign-in: of one that can't,
// a policy on places would be judged for a sign-in that there never is.
// Source: https://www.iana.org/assignments/iana-ipv4-special-registry.
func public(address netip.Addr) bool {
	address = address.Unmap()
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10) // behind a carrier's NAT
	return !address.IsPrivate() && !address.IsLoopback() && !address.IsLinkLocalUnicast() && !address.IsMulticast() && !shared.Contains(address)
}

// Wrong is the errUsage that says what is wrong with a command line.
func Wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errUsage, fmt.Errorf(format, args...))
}

// NotEmpty refuses flags that are given and empty: behind them stands an unset
// variable of a script, and the answer would be about something else.
func NotEmpty(flags *flag.FlagSet) error {
	var err error
	flags.Visit(func(f *flag.Flag) {
		if strings.TrimSpace(f.Value.String()) == "" {
			err = Wrong("-%s is empty", f.Name)
		}
	})
	return err
}
