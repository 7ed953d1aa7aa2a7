package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/mfa"
)

// newPlanFile refuses a file that is there: it is said before a tenant is read, and
// no plan is shown that isn't stored.
func newPlanFile(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return nil // what else is wrong with it shows when it is written
	}
	if _, err := readPlan(path); err != nil {
		return open.Wrong("-plan: %s exists already: name a new file", path)
	}
	return open.Wrong("-plan: %s exists already and holds another plan: name a new file, or apply it with -apply -plan %s -journal FILE", path, path)
}

// storePlan writes a plan into a new file, readable by its owner alone: it tells
// how the tenant is protected. A file that is there is left alone, for somebody may
// have reviewed it.
func storePlan(path string, plan mfa.Plan) error {
	text, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		return err
	}
	if err := newPlanFile(path); err != nil { // somebody else was faster
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return open.Wrong("-plan: %v", err)
	}
	_, err = file.Write(append(text, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(fmt.Errorf("store the plan: %w", err), os.Remove(path))
	}
	return nil
}

// largestPlan bounds what is read: a plan has some thousand bytes for each policy of the tenant.
const largestPlan = 64 << 20

// readPlan reads a stored plan. A member that this version doesn't know is refused:
// it would be something that nobody applies.
func readPlan(path string) (mfa.Plan, error) {
	var plan mfa.Plan
	file, err := os.Open(path)
	if err != nil {
		return plan, open.Wrong("-plan: %v", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, largestPlan+1))
	if err != nil || len(text) > largestPlan {
		return plan, open.Wrong("-plan: %s can't be read, or is too large: %v", path, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&plan)
	if err == nil {
		if _, more := decoder.Token(); more != io.EOF {
			err = errors.New("something stands behind it")
		}
	}
	switch {
	case err != nil:
		return plan, open.Wrong("-plan: %s is no plan: %v", path, err)
	case plan.Schema != mfa.PlanSchema:
		return plan, open.Wrong("-plan: %s has the schema %q, and this version knows %s", path, plan.Schema, mfa.PlanSchema)
	}
	return plan, nil
}

// forTenant refuses a plan of another tenant.
func (p program) forTenant(id, what string) error {
	if p.tenantID != "" && !strings.EqualFold(id, p.tenantID) {
		return open.Wrong("%s is for the tenant %s, and this is %s", what, id, p.tenantID)
	}
	return nil
}

// openJournal opens the journal; only who applies a plan may begin a new one.
func (p program) openJournal() (*mfa.FileJournal, error) {
	if !p.options.apply || p.options.resumes() {
		info, err := os.Stat(p.options.journal)
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("it is no file")
		}
		if err != nil {
			return nil, open.Wrong("-journal: %v", err)
		}
	}
	journal, err := mfa.OpenJournal(p.options.journal)
	if err != nil {
		return nil, open.Wrong("-journal: %w", err)
	}
	return journal, nil
}

// lastPlan is the plan that a journal was begun with last.
func lastPlan(journal mfa.Journal) (mfa.Plan, error) {
	entries, err := journal.Entries()
	if err != nil {
		return mfa.Plan{}, open.Wrong("-journal: %w", err)
	}
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].Kind == mfa.EntryBegin && entries[i].Plan != nil {
			return *entries[i].Plan, nil
		}
	}
	return mfa.Plan{}, open.Wrong("-journal: it holds no plan")
}

// lastStanding is the last plan of a journal that is not rolled back; where all are,
// the last one.
func lastStanding(journal mfa.Journal) (mfa.Plan, error) {
	plans, err := standing(journal)
	if err != nil || len(plans) == 0 {
		return lastPlan(journal)
	}
	return plans[len(plans)-1], nil
}

// standing are the plans of a journal that are not rolled back, in order.
func standing(journal mfa.Journal) ([]mfa.Plan, error) {
	entries, err := journal.Entries()
	var plans []mfa.Plan
	for _, e := range entries {
		switch {
		case e.Kind == mfa.EntryBegin && e.Plan != nil:
			plans = append(plans, *e.Plan)
		case e.Kind == mfa.EntryRolledBack:
			plans = slices.DeleteFunc(plans, func(p mfa.Plan) bool { return p.ID == e.PlanID })
		}
	}
	return plans, err
}
