package main

import (
	"errors"
	"flag"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strings"

	"github.com/entramfa/entramfa/examples/internal/open"
)

// options are what the command line says.
type options struct {
	listen  string
	hosts   hosts
	http    bool
	folders open.List
	state   string
	log     bool
	ca      string
}

const usage = `fakegraph serves a tenant in memory to any client of Microsoft Graph: v1.0 and beta,
and the token endpoint, over TLS, HTTP/1.1 and HTTP/2.

  fakegraph                                  a small built-in tenant on 127.0.0.1:8443
  fakegraph -load DIR                        a folder of exported tenant JSON
  fakegraph -state FILE                      goes on where it stopped the last time

It prints where it listens, how the usual clients are pointed there, and an application
with a secret, which is new at each start and printed that once. An account gets a
password where the tenant is the built-in one.

Its certificate is of an authority of its own, which is made at each start too: trust
the file that -ca names, and no longer than you need it. The key of neither is on disk.

-state keeps the tenant over restarts: FILE is read where it exists and written, whole,
when the program ends. It holds all that is in the tenant, telephone numbers in full,
of passwords and secrets salted hashes alone, and is readable by you alone. It is the
tenant's only writer: a second program with the same FILE is refused (FILE.lock stands
beside it), and so is a FILE that can't be read, which stays as it is. Where FILE exists,
-load says only how the tenant began, and isn't read. Tokens end with the program.

SIGINT or SIGTERM ends it: requests under way are answered, for at most 30 seconds, and
the state is written. A second one ends it at once, and writes nothing.

Exit status: 0 ended by a signal, 1 the state could not be written,
64 usage, or a folder or state that can't be read, 69 it can't listen there.

Flags:
`

// parse reads the command line; what is wrong with it is said on stderr.
func parse(args []string, stdout, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("fakegraph", flag.ContinueOnError)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8443", "listen on this `address`; port 0 takes a free one")
	flags.Var(&o.hosts, "hosts", "further `names` and addresses for the certificate, separated by commas; may be given several times")
	flags.BoolVar(&o.http, "http", false, "serve HTTP without TLS, which few clients take")
	flags.Var(&o.folders, "load", "serve the tenant of this `folder` of exported JSON; may be given several times")
	flags.StringVar(&o.state, "state", "", "keep the tenant in this `file`")
	flags.BoolVar(&o.log, "log", false, "print a line for each request on stderr, without secrets")
	flags.StringVar(&o.ca, "ca", "", "write the authority's certificate, PEM, to this `file`, which stays; else it is a temporary one")
	err := open.Parse(flags, usage, args, stdout, stderr, o.validate)
	return o, err
}

func (o *options) validate(rest []string) error {
	_, _, err := net.SplitHostPort(o.listen)
	switch {
	case len(rest) > 0:
		return open.Wrong("%q is no flag", rest[0])
	case err != nil:
		return open.Wrong("-listen %s: an address with a port is wanted, such as 127.0.0.1:8443", o.listen)
	case o.http && o.ca != "":
		return open.Wrong("-http and -ca exclude each other")
	}
	return nil
}

// hosts is a flag of names and addresses.
type hosts []string

// String joins the names.
func (h *hosts) String() string { return strings.Join(*h, ",") }

var hostName = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`)

// Set adds names.
func (h *hosts) Set(value string) error {
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if _, err := netip.ParseAddr(name); err != nil && !hostName.MatchString(name) {
			return errors.New("names or addresses are wanted, without scheme and port: graph.example,192.0.2.1")
		}
		*h = append(*h, name)
	}
	return nil
}
