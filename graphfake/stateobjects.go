package graphfake

import (
	"crypto/x509"
	"encoding/json"
	"time"

	"github.com/entramfa/entramfa/policy"
)

// How a state holds what the directory has beside users and groups.

type savedRegistration struct {
	ID    string          `json:"id"`
	AppID string          `json:"appId"`
	Row   json.RawMessage `json:"row"`
}

func saveRegistration(r registration) (savedRegistration, error) {
	row, err := saveObject(r.row)
	return savedRegistration{r.id, r.appID, row}, err
}

func (s savedRegistration) load() (registration, error) {
	row, err := loadObject(s.Row)
	return registration{s.ID, s.AppID, row}, err
}

// savedCredential holds a certificate in DER.
type savedCredential struct {
	Row  json.RawMessage `json:"row"`
	Hash *secretHash     `json:"hash"`
	Key  []byte          `json:"key"`
}

func saveCredential(c credential) (savedCredential, error) {
	row, err := saveObject(c.row)
	return savedCredential{row, c.hash, c.key}, err
}

func (s savedCredential) load() (c credential, err error) {
	c = credential{hash: s.Hash, key: s.Key}
	if c.row, err = loadObject(s.Row); err != nil {
		return c, err
	}
	if s.Key != nil {
		if _, err := x509.ParseCertificate(s.Key); err != nil {
			return c, err
		}
	}
	return c, s.Hash.check()
}

type savedGrant struct {
	Principal string    `json:"principalId"`
	Resource  string    `json:"resourceId"`
	Role      string    `json:"appRoleId"`
	Value     string    `json:"value"`
	At        time.Time `json:"createdDateTime"`
}

func saveGrant(g roleGrant) (savedGrant, error) {
	return savedGrant{g.principal, g.resource, g.role, g.value, g.at}, nil
}

func (s savedGrant) load() (roleGrant, error) {
	return roleGrant{principal: s.Principal, resource: s.Resource, role: s.Role, value: s.Value, at: s.At}, nil
}

type savedDeleted struct {
	Kind          string                  `json:"@odata.type"`
	Row           json.RawMessage         `json:"row"`
	At            time.Time               `json:"at"`
	Above         []string                `json:"memberOf"`
	Members       []string                `json:"members"`
	Owners        []string                `json:"owners"`
	Owned         []string                `json:"ownedObjects"`
	Reports       []string                `json:"directReports"`
	Manager       string                  `json:"manager"`
	Assignments   []policy.RoleAssignment `json:"roleAssignments"`
	Eligibilities []policy.RoleAssignment `json:"roleEligibilities"`
	Grants        []savedGrant            `json:"appRoleAssignments"`
	Client        *savedApplication       `json:"client"`
}

func saveDeleted(o deletedObject) (savedDeleted, error) {
	row, err := saveObject(o.row)
	if err != nil {
		return savedDeleted{}, err
	}
	grants, err := eachOf(saveGrant)(o.grants)
	saved := savedDeleted{o.kind, row, o.at, o.above, o.members, o.owners, o.owned, o.reports, o.manager, o.assignments, o.eligibilities, grants, nil}
	if o.client != nil && err == nil {
		var client savedApplication
		client, err = saveApplication(*o.client)
		saved.Client = &client
	}
	return saved, err
}

func (s savedDeleted) load() (o deletedObject, err error) {
	o = deletedObject{
		kind: s.Kind, at: s.At, above: s.Above, members: s.Members, owners: s.Owners, owned: s.Owned, reports: s.Reports, manager: s.Manager,
		assignments: s.Assignments, eligibilities: s.Eligibilities,
	}
	if o.row, err = loadObject(s.Row); err != nil {
		return o, err
	}
	if o.grants, err = eachOf(savedGrant.load)(s.Grants); err != nil || s.Client == nil {
		return o, err
	}
	client, err := s.Client.load()
	o.client = &client
	return o, err
}

type savedRoleTime struct {
	Of    string                `json:"of"`
	Role  policy.RoleAssignment `json:"role"`
	From  time.Time             `json:"from"`
	Until time.Time             `json:"until"`
	Begun bool                  `json:"begun"`
}

func saveRoleTime(t roleTime) (savedRoleTime, error) {
	return savedRoleTime{t.of, t.role, t.from, t.until, t.begun}, nil
}

func (s savedRoleTime) load() (roleTime, error) {
	return roleTime{of: s.Of, role: s.Role, from: s.From, until: s.Until, begun: s.Begun}, nil
}

type savedRoleRequest struct {
	Of  string          `json:"of"`
	Row json.RawMessage `json:"row"`
}

func saveRoleRequest(r roleRequest) (savedRoleRequest, error) {
	row, err := saveObject(r.row)
	return savedRoleRequest{r.of, row}, err
}

func (s savedRoleRequest) load() (roleRequest, error) {
	row, err := loadObject(s.Row)
	return roleRequest{of: s.Of, row: row}, err
}

type savedPreference struct {
	Secondary string `json:"secondary"`
	System    bool   `json:"system"`
}

func savePreference(p preference) (savedPreference, error) {
	return savedPreference{p.secondary, p.system}, nil
}

func (s savedPreference) load() (preference, error) { return preference{s.Secondary, s.System}, nil }
