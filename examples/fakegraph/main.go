// Fakegraph serves a tenant in memory to any client of Microsoft Graph.
//
//	go run ./examples/fakegraph -listen 127.0.0.1:8443
//	go run ./examples/fakegraph -load DIR -log
//	go run ./examples/fakegraph -state FILE
//
// It speaks Graph and the token endpoint over TLS, HTTP/1.1 and HTTP/2, with a
// certificate of an authority that it makes at each start, and says how to point
// the usual clients there. On SIGINT and SIGTERM it answers the requests that are
// under way, writes the state where that is asked for, and ends with 0.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/entramfa/entramfa/examples/internal/open"
)

// The exit statuses. 64 and 69 are those of sysexits.h.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 64
	exitUnavailable = 69
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parse(args, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return exitUsage // parse has said why
	}
	if err := serve(ctx, opts, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "fakegraph: %v\n", err)
		return status(err)
	}
	return exitDone
}

// status turns an error into the exit status.
func status(err error) int {
	var network *net.OpError
	switch {
	case open.Status(err) == exitUsage:
		return exitUsage
	case errors.As(err, &network):
		return exitUnavailable
	}
	return exitFailed
}
