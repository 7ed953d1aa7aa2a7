package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/entramfa/entramfa/graphfake"
)

// drain is how long requests under way may take when the program ends.
const drain = 30 * time.Second

// serve opens the tenant, answers until ctx ends, and writes the state.
func serve(ctx context.Context, opts options, stdout, stderr io.Writer) error {
	keep, err := keeper(opts)
	if err != nil {
		return err
	}
	if keep != nil {
		defer keep.release()
	}
	s, err := openTenant(opts, keep, stderr)
	if err != nil {
		return err
	}
	s.enter()
	s.tenant.Log = func(graphfake.Request) {} // nothing is kept: the program may run for days
	if opts.log {
		s.tenant.Log = logTo(stderr, time.Now)
	}
	listener, err := net.Listen("tcp", opts.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	p := place{http: opts.http, names: names(opts, listener.Addr()), address: listener.Addr()}
	server := &http.Server{
		Handler: s.tenant, Protocols: protocols(opts.http), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: log.New(stderr, "fakegraph: ", 0),
	}
	if !opts.http {
		remove, err := p.secure(server, opts.ca)
		if err != nil {
			return err
		}
		defer remove()
	}
	if _, err := io.WriteString(stdout, s.hints(p)); err != nil {
		return err
	}
	if err := answer(ctx, server, listener, stderr); err != nil || keep == nil {
		return err
	}
	return keep.write(s.tenant.WriteState)
}

// keeper opens the file of -state, nil where there is none.
func keeper(opts options) (*stateFile, error) {
	if opts.state == "" {
		return nil, nil
	}
	return openState(opts.state)
}

// secure gives the server a certificate, and publishes the authority that signed it.
func (p *place) secure(server *http.Server, path string) (remove func(), err error) {
	authority, err := newAuthority(time.Now())
	if err != nil {
		return nil, err
	}
	certificate, err := authority.server(p.names, time.Now())
	if err != nil {
		return nil, err
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	p.ca, remove, err = authority.publish(path)
	return remove, err
}

// protocols are HTTP/1.1 and HTTP/2, the latter without TLS for who begins with it.
func protocols(plain bool) *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(!plain)
	p.SetUnencryptedHTTP2(plain)
	return &p
}

// answer serves until ctx ends, and then until what is under way is answered.
func answer(ctx context.Context, server *http.Server, listener net.Listener, stderr io.Writer) error {
	failed := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			failed <- server.ServeTLS(listener, "", "")
		} else {
			failed <- server.Serve(listener)
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		fmt.Fprintf(stderr, "fakegraph: requests were under way for more than %s, and were cut off\n", drain)
		return errors.Join(server.Close())
	}
	return nil
}

// names are those for which the certificate is, the one to show first.
func names(opts options, address net.Addr) []string {
	var all []string
	if at, err := netip.ParseAddrPort(address.String()); err == nil && !at.Addr().IsUnspecified() {
		all = append(all, at.Addr().WithZone("").String()) // it listens nowhere else
	}
	for _, name := range append([]string{"localhost", "127.0.0.1", "::1"}, opts.hosts...) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// openTenant opens the tenant that the command line means: what was kept goes before
// what it began with.
func openTenant(opts options, keep *stateFile, stderr io.Writer) (*served, error) {
	if keep != nil {
		if tenant, err := keep.read(); tenant != nil || err != nil {
			return &served{tenant: tenant, kept: true}, err
		}
	}
	if len(opts.folders) > 0 {
		return loaded(opts.folders, stderr)
	}
	return builtIn()
}
