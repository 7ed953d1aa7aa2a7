package graphfake

import (
	"time"

	"github.com/entramfa/entramfa/policy"
)

// A policy that a write deleted can be restored for 30 days, and removed for good
// before. Which permissions that takes is not published: here those of other writes.
// Source: https://learn.microsoft.com/graph/api/resources/policydeletableitem.

const (
	deletedPath = "identity/conditionalAccess/deletedItems/policies"
	restorable  = 30 * 24 * time.Hour
)

// keepDeleted keeps a policy that was deleted.
func (t *Tenant) keepDeleted(d *directory, p policy.Policy) {
	p.DeletedDateTime = timestamp(t.now())
	d.deleted.put(p.ID, p)
}

// deletedPolicies returns what can be restored and what the version can show.
func (t *Tenant) deletedPolicies(d *directory, version string) []policy.Policy {
	return d.deleted.where(func(p policy.Policy) bool {
		return t.canBeRestored(p) && (version == beta || !beyondV1(p))
	})
}

func (t *Tenant) canBeRestored(p policy.Policy) bool {
	at, err := time.Parse(time.RFC3339, *p.DeletedDateTime)
	return err == nil && t.now().Sub(at) < restorable
}

func (t *Tenant) deletedPolicy(d *directory, version, id string) (policy.Policy, error) {
	p, ok := d.deleted.get(id)
	if !ok || !t.canBeRestored(p) {
		return p, notFoundCA("ConditionalAccessPolicy", id)
	}
	if refusal := beyondVersion(version, p); refusal != nil {
		return p, refusal
	}
	return p, nil
}

// restorePolicy brings a deleted policy back as it was.
func (t *Tenant) restorePolicy(d *directory, version, id string) (policy.Policy, error) {
	if err := t.mayWritePolicies(d); err != nil {
		return policy.Policy{}, err
	}
	p, err := t.deletedPolicy(d, version, id)
	if err != nil {
		return p, err
	}
	if refusal := d.refuseEnabled(p); refusal != nil {
		return p, refusal
	}
	p.DeletedDateTime = nil
	d.deleted.remove(p.ID)
	t.writePolicy(d, p)
	return d.withStrength(p), nil
}

func listDeleted(d *directory, t *Tenant, c *call) (answer, error) {
	found, err := list(deletedPath, "microsoft.graph.conditionalAccessPolicy", policyShape, objectsOf(t.deletedPolicies(d, c.version)), nil)
	found.finish = strengthContext(c)
	return found, err
}

func getDeleted(d *directory, t *Tenant, c *call) (answer, error) {
	p, err := t.deletedPolicy(d, c.version, c.vars[0])
	return onePolicy(c, p, err)
}

func restoreDeleted(d *directory, t *Tenant, c *call) (answer, error) {
	p, err := t.restorePolicy(d, c.version, c.vars[0])
	return onePolicy(c, p, err)
}

func purgeDeleted(d *directory, t *Tenant, c *call) (answer, error) {
	if err := t.mayWritePolicies(d); err != nil {
		return answer{}, err
	}
	p, err := t.deletedPolicy(d, c.version, c.vars[0])
	if err == nil {
		d.deleted.remove(p.ID)
	}
	return answer{}, err
}
