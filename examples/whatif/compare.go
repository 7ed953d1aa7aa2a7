package main

import (
	"context"
	"fmt"
	"io"

	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// tally counts what the comparison of all scenarios found.
type tally struct{ agreed, explained, faults, notAsked int }

// compare asks What If about each scenario and holds its answer against ours.
func compare(ctx context.Context, w io.Writer, asked policy.Evaluator, facts mfa.Facts, scenarios []scenario) (int, error) {
	var all tally
	for i, s := range scenarios {
		fmt.Fprintf(w, "\n%2d. %s\n", i+1, layout.Clean(s.Name))
		paragraph(w, "    ", "    ", describe(s.SignIn))
		question, err := policy.NewWhatIf(facts.Subject(), s.SignIn)
		if err != nil {
			all.notAsked++
			paragraph(w, "    ", "    ", "not asked: "+err.Error())
			continue
		}
		results, err := asked.WhatIf(ctx, question)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s.Name, err)
		}
		comparison, err := policy.Compare(facts.ConditionalAccess, facts.Subject(), s.SignIn, results)
		if err != nil {
			return 0, err
		}
		all.add(comparison)
		showComparison(w, comparison)
	}
	fmt.Fprintf(w, "\n%d answers: %d agree, %d differ for a known reason, %d faults; %d of %d sign-ins could not be asked about\n",
		all.agreed+all.explained+all.faults, all.agreed, all.explained, all.faults, all.notAsked, len(scenarios))
	return all.status(), nil
}

func (t *tally) add(c policy.Comparison) {
	faults := len(c.Faults())
	t.agreed += c.Agreed
	t.faults += faults
	t.explained += len(c.Differences) - faults
}

func (t tally) status() int {
	switch {
	case t.faults > 0:
		return exitRefused
	case t.notAsked > 0:
		return exitUnknown
	}
	return exitAllowed
}

func showComparison(w io.Writer, c policy.Comparison) {
	fmt.Fprintf(w, "    %d of %d policies agree\n", c.Agreed, c.Agreed+len(c.Differences))
	for _, d := range c.Differences {
		kind := "Known: "
		if d.Cause == policy.CauseFault {
			kind = "FAULT: "
		}
		paragraph(w, "    - ", "      ", fmt.Sprintf("%s: here it %s, by What If it %s. %s%s.", d.PolicyName, d.Here, d.API, kind, d.Text))
	}
}
