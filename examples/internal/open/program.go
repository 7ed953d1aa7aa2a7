package open

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// Main is the main function of a program: it gives it what a process has, and exits
// with the status that it returns. One of the signals ends its context.
func Main(run func(ctx context.Context, args []string, stdout, stderr io.Writer) int, signals ...os.Signal) {
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// Parse reads a command line. What is wrong with it is said once, on stderr; -h
// explains on stdout, and is flag.ErrHelp. validate is given what follows the flags.
func Parse(flags *flag.FlagSet, usage string, args []string, stdout, stderr io.Writer, validate func(rest []string) error) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return err
	}
	if err == nil {
		err = errors.Join(NotEmpty(flags), validate(flags.Args()))
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v (-h explains)\n", flags.Name(), err)
	}
	return err
}

// Run opens the tenant that a command line means, lets the program answer from it
// in time, and returns the exit status; parsed is what Parse said.
func (s *Source) Run(ctx context.Context, parsed error, stderr io.Writer, builtIn func() (Reader, error), answer func(context.Context, Reader) int) int {
	switch {
	case errors.Is(parsed, flag.ErrHelp):
		return 0
	case parsed != nil:
		return Status(errUsage) // Parse has said why
	}
	ctx, cancel := s.Limit(ctx)
	defer cancel()
	tenant, err := s.Open(stderr, builtIn)
	if err != nil {
		return s.Fail(stderr, err)
	}
	return answer(ctx, tenant)
}

// Fail says what went wrong, and turns it into the exit status.
func (s *Source) Fail(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "%s: %v\n", s.program, err)
	return Status(err)
}
