package graphfake

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// sections are the parts of a state document, in their order. Every list of the
// tenant stands here, but for those that others imply.
func sections() []section {
	return []section{
		stateTable[mfa.User, mfa.User]{"users", func(s *wholeState) *table[mfa.User] { return &s.users }, itself[mfa.User], itself[mfa.User], (*wholeState).nameUser},
		resourceTable("groups", func(s *wholeState) *table[policy.Group] { return &s.groups }, func(r policy.Group) string { return r.ID }),
		stateTable[memberSet, []string]{"groupMembers", func(s *wholeState) *table[memberSet] { return &s.members }, saveMembers, loadMembers, (*wholeState).surround},
		resourceTable("roleDefinitions", func(s *wholeState) *table[policy.RoleDefinition] { return &s.definitions }, func(r policy.RoleDefinition) string { return r.ID }),
		resourceTable("roleAssignments", func(s *wholeState) *table[policy.RoleAssignment] { return &s.assignments }, func(r policy.RoleAssignment) string { return r.ID }),
		resourceTable("roleEligibilities", func(s *wholeState) *table[policy.RoleAssignment] { return &s.eligibilities }, func(r policy.RoleAssignment) string { return r.ID }),
		resourceTable("groupEligibilities", func(s *wholeState) *table[policy.GroupEligibility] { return &s.joiners }, func(r policy.GroupEligibility) string { return r.ID }),
		stateTable[roleTime, savedRoleTime]{"roleTimes", func(s *wholeState) *table[roleTime] { return &s.roleTimes }, saveRoleTime, savedRoleTime.load, nil},
		stateTable[roleRequest, savedRoleRequest]{"roleRequests", func(s *wholeState) *table[roleRequest] { return &s.roleRequests }, saveRoleRequest, savedRoleRequest.load, nil},
		plainTable("activatedRoles", func(s *wholeState) *table[string] { return &s.activated }),
		resourceTable("policies", func(s *wholeState) *table[policy.Policy] { return &s.policies }, func(r policy.Policy) string { return r.ID }),
		resourceTable("deletedPolicies", func(s *wholeState) *table[policy.Policy] { return &s.deleted }, func(r policy.Policy) string { return r.ID }),
		resourceTable("namedLocations", func(s *wholeState) *table[policy.NamedLocation] { return &s.locations }, func(r policy.NamedLocation) string { return r.ID }),
		resourceTable("authenticationStrengths", func(s *wholeState) *table[policy.AuthenticationStrength] { return &s.strengths }, func(r policy.AuthenticationStrength) string { return r.ID }),
		stateValue[securitydefaults.Policy, securitydefaults.Policy]{"securityDefaults",
			func(s *wholeState) *securitydefaults.Policy { return &s.defaults }, itself[securitydefaults.Policy], itself[securitydefaults.Policy]},
		stateTable[object, json.RawMessage]{"authenticationContexts", func(s *wholeState) *table[object] { return &s.contexts }, saveObject, loadObject, nil},
		resourceTable("subscribedSkus", func(s *wholeState) *table[securitydefaults.SubscribedSKU] { return &s.skus }, func(r securitydefaults.SubscribedSKU) string { return r.ID }),
		resourceTable("domains", func(s *wholeState) *table[mfa.Domain] { return &s.domains }, func(r mfa.Domain) string { return r.ID }),
		stateValue[object, json.RawMessage]{"organization", func(s *wholeState) *object { return &s.organization }, saveObject, loadObject},
		plainTable("managers", func(s *wholeState) *table[string] { return &s.managers }),
		stateTable[memberSet, []string]{"owners", func(s *wholeState) *table[memberSet] { return &s.owners }, saveMembers, loadMembers, nil},
		stateTable[deletedObject, savedDeleted]{"deletedItems", func(s *wholeState) *table[deletedObject] { return &s.bin }, saveDeleted, savedDeleted.load, nil},
		plainTable("requirements", func(s *wholeState) *table[mfa.Requirements] { return &s.requirements }),
		plainTable("registrationsCounted", func(s *wholeState) *table[bool] { return &s.counted }),
		stateTable[[]method, []savedMethod]{"methods", func(s *wholeState) *table[[]method] { return &s.methods }, eachOf(saveMethod), eachOf(savedMethod.load), nil},
		stateTable[[]earlier, []savedEarlier]{"earlierMethods", func(s *wholeState) *table[[]earlier] { return &s.earlier }, eachOf(saveEarlier), eachOf(savedEarlier.load), nil},
		stateTable[password, savedPassword]{"passwords", func(s *wholeState) *table[password] { return &s.passwords }, savePassword, savedPassword.load, nil},
		plainTable("mobilePhones", func(s *wholeState) *table[string] { return &s.mobiles }),
		plainTable("defaultMethods", func(s *wholeState) *table[string] { return &s.defaultMethods }),
		plainTable("appPasswords", func(s *wholeState) *table[int] { return &s.appPasswords }),
		stateTable[preference, savedPreference]{"signInPreferences", func(s *wholeState) *table[preference] { return &s.preferences }, savePreference, savedPreference.load, nil},
		stateValue[object, json.RawMessage]{"authenticationMethodsPolicy", func(s *wholeState) *object { return &s.methodsPolicyOwn }, saveObject, loadObject},
		resourceTable("methodPolicies", func(s *wholeState) *table[mfa.MethodConfiguration] { return &s.methodPolicies }, func(r mfa.MethodConfiguration) string { return r.ID }),
		stateTable[reset, savedReset]{"passwordResets", func(s *wholeState) *table[reset] { return &s.resets }, saveReset, savedReset.load, nil},
		stateTable[Application, savedApplication]{"applications", func(s *wholeState) *table[Application] { return &s.applications }, saveApplication, savedApplication.load, nil},
		stateTable[registration, savedRegistration]{"applicationObjects", func(s *wholeState) *table[registration] { return &s.registered }, saveRegistration, savedRegistration.load, nil},
		stateTable[registration, savedRegistration]{"servicePrincipals", func(s *wholeState) *table[registration] { return &s.principals }, saveRegistration, savedRegistration.load, nil},
		stateTable[[]credential, []savedCredential]{"credentials", func(s *wholeState) *table[[]credential] { return &s.credentials }, eachOf(saveCredential), eachOf(savedCredential.load), nil},
		stateTable[roleGrant, savedGrant]{"appRoleAssignments", func(s *wholeState) *table[roleGrant] { return &s.grants }, saveGrant, savedGrant.load, nil},
		stateValue[int, int]{"revocations", func(s *wholeState) *int { return &s.revocations }, itself[int], itself[int]},
		plainTable("revokedSessions", func(s *wholeState) *table[int] { return &s.sessions }),
		stateTable[loggedSignIn, savedSignIn]{"signIns", func(s *wholeState) *table[loggedSignIn] { return &s.signIns }, saveSignIn, savedSignIn.load, nil},
		stateTable[person, savedPerson]{"people", func(s *wholeState) *table[person] { return &s.people }, savePerson, savedPerson.load, nil},
		stateValue[*holdings, *savedHoldings]{"known", func(s *wholeState) **holdings { return &s.held }, saveHoldings, (*savedHoldings).load},
	}
}

// nameUser notes by which name an account is found.
func (s *wholeState) nameUser(id string, user mfa.User) error {
	upn := user.UserPrincipalName
	if other, taken := s.upns.get(upn); taken {
		return fmt.Errorf("%s has the same userPrincipalName %q", other, upn)
	}
	if upn != "" {
		s.upns.put(upn, user.ID)
	}
	if fold(user.ID) != id {
		return fmt.Errorf("the row %q has the id %q", id, user.ID)
	}
	return nil
}

// surround notes in which groups the members of a group are.
func (s *wholeState) surround(group string, members memberSet) error {
	if known, ok := s.groups.get(group); ok {
		group = known.ID // as it was written
	}
	for _, member := range members.each() {
		s.above.put(member, s.above.at(member).with(group))
	}
	return nil
}

func saveMembers(set memberSet) ([]string, error) { return set.all(), nil }

func loadMembers(ids []string) (memberSet, error) {
	var set memberSet
	for _, id := range ids {
		if id == "" || set.has(id) {
			return set, fmt.Errorf("the member %q is empty or stands twice", id)
		}
		set = set.with(id)
	}
	return set, nil
}

func saveObject(o object) (json.RawMessage, error) {
	if o == nil {
		return json.RawMessage("null"), nil
	}
	return raw(o), nil
}

func loadObject(text json.RawMessage) (object, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	parsed, err := parseObject(text)
	if err != nil {
		return nil, err
	}
	return parsed.unique()
}

// savedMethod is a method with all that is known of it.
type savedMethod struct {
	Type      string  `json:"@odata.type"`
	ID        string  `json:"id"`
	PhoneType *string `json:"phoneType,omitempty"`
	// Number is the whole number of a phone; Shown what is shown of one of which only
	// the last digits are known.
	Number  string  `json:"number,omitempty"`
	Shown   *string `json:"shown,omitempty"`
	Created string  `json:"createdDateTime,omitempty"`
	// Extra are members that only its type has.
	Extra json.RawMessage `json:"extra,omitempty"`
}

func saveMethod(m method) (savedMethod, error) {
	saved := savedMethod{Type: m.Type, ID: m.ID, PhoneType: m.PhoneType, Number: m.number, Created: m.created}
	if m.extra != nil {
		saved.Extra = raw(m.extra)
	}
	if m.PhoneNumber != nil {
		saved.Shown = new(m.PhoneNumber.String())
	}
	return saved, nil
}

func (s savedMethod) load() (method, error) {
	m := method{Method: mfa.Method{Type: s.Type, ID: s.ID, PhoneType: s.PhoneType}, number: s.Number, created: s.Created}
	var err error
	if m.extra, err = loadObject(s.Extra); err != nil || s.Shown == nil {
		return m, err
	}
	phone := mfa.NewPhone(s.Number)
	if s.Number == "" && *s.Shown != phone.String() {
		phone = mfa.NewPhone(*s.Shown)
	}
	if phone.String() != *s.Shown {
		return m, errors.New("the number is not that which is shown")
	}
	m.PhoneNumber = &phone
	return m, nil
}

type savedEarlier struct {
	Until   time.Time     `json:"until"`
	Methods []savedMethod `json:"methods"`
}

func saveEarlier(e earlier) (savedEarlier, error) {
	methods, err := eachOf(saveMethod)(e.methods)
	return savedEarlier{e.until, methods}, err
}

func (s savedEarlier) load() (earlier, error) {
	methods, err := eachOf(savedMethod.load)(s.Methods)
	return earlier{s.Until, methods}, err
}

type savedPassword struct {
	Hash     *secretHash `json:"hash"`
	Change   bool        `json:"mustChange"`
	WithMFA  bool        `json:"mustChangeWithMfa"`
	Profiled bool        `json:"profileWritten"`
}

func savePassword(p password) (savedPassword, error) {
	return savedPassword{p.hash, p.change, p.withMFA, p.profiled}, nil
}

func (s savedPassword) load() (password, error) {
	return password{hash: s.Hash, change: s.Change, withMFA: s.WithMFA, profiled: s.Profiled}, s.Hash.check()
}

type savedReset struct {
	ID         string      `json:"id"`
	User       string      `json:"user"`
	Hash       *secretHash `json:"hash"`
	Begun      time.Time   `json:"begun"`
	Reads      int         `json:"reads"`
	Over       time.Time   `json:"over"`
	Failed     bool        `json:"failed"`
	LastAction time.Time   `json:"lastAction"`
}

func saveReset(r reset) (savedReset, error) {
	return savedReset{r.id, r.user, r.hash, r.begun, r.reads, r.over, r.failed, r.lastAction}, nil
}

func (s savedReset) load() (reset, error) {
	return reset{id: s.ID, user: s.User, hash: s.Hash, begun: s.Begun, reads: s.Reads, over: s.Over, failed: s.Failed, lastAction: s.LastAction}, s.Hash.check()
}

// savedApplication holds certificate and key in DER.
type savedApplication struct {
	ID            string      `json:"id"`
	Hash          *secretHash `json:"secretHash"`
	SecretExpires time.Time   `json:"secretExpires"`
	Certificate   []byte      `json:"certificate"`
	PublicKey     []byte      `json:"publicKey"`
	Permissions   []string    `json:"permissions"`
	Scopes        []string    `json:"scopes"`
}

func saveApplication(a Application) (savedApplication, error) {
	saved := savedApplication{ID: a.ID, Hash: a.hash, SecretExpires: a.SecretExpires, Permissions: a.Permissions, Scopes: a.Scopes}
	if a.Certificate != nil {
		saved.Certificate = a.Certificate.Raw
	}
	var err error
	if a.PublicKey != nil {
		saved.PublicKey, err = x509.MarshalPKIXPublicKey(a.PublicKey)
	}
	return saved, err
}

func (s savedApplication) load() (a Application, err error) {
	a = Application{ID: s.ID, hash: s.Hash, SecretExpires: s.SecretExpires, Permissions: s.Permissions, Scopes: s.Scopes}
	if s.Certificate != nil {
		if a.Certificate, err = x509.ParseCertificate(s.Certificate); err != nil {
			return a, err
		}
	}
	if s.PublicKey != nil {
		if a.PublicKey, err = x509.ParsePKIXPublicKey(s.PublicKey); err != nil {
			return a, err
		}
	}
	return a, s.Hash.check()
}

type savedSignIn struct {
	Record  mfa.SignInRecord `json:"record"`
	At      time.Time        `json:"at"`
	Visible time.Time        `json:"visible"`
}

func saveSignIn(s loggedSignIn) (savedSignIn, error) {
	return savedSignIn{s.SignInRecord, s.at, s.visible}, nil
}

func (s savedSignIn) load() (loggedSignIn, error) {
	return loggedSignIn{SignInRecord: s.Record, at: s.At, visible: s.Visible}, nil
}

type savedPerson struct {
	Script Script    `json:"script"`
	Since  time.Time `json:"since"`
	Reads  int       `json:"reads"`
}

func savePerson(p person) (savedPerson, error) {
	return savedPerson{p.Script, p.since, p.reads}, nil
}
func (s savedPerson) load() (person, error) { return person{s.Script, s.Since, s.Reads}, nil }

// savedHoldings is what an export holds: whole lists, facts of users and groups by
// id, and the roles and groups that are known without the way to them.
type savedHoldings struct {
	Lists  []string            `json:"lists"`
	Facts  map[string][]string `json:"facts"`
	Roles  []savedRoles        `json:"roles"`
	Around []savedAround       `json:"groupsAround"`
}

type savedRoles struct {
	ID    string                  `json:"id"`
	Roles []policy.RoleAssignment `json:"roles"`
}

type savedAround struct {
	ID     string   `json:"id"`
	Groups []string `json:"groups"`
}

func saveHoldings(h *holdings) (*savedHoldings, error) {
	if h == nil {
		return nil, nil
	}
	saved := &savedHoldings{Lists: []string{}, Facts: map[string][]string{}, Roles: []savedRoles{}, Around: []savedAround{}}
	for list, whole := range h.lists {
		if whole {
			saved.Lists = append(saved.Lists, string(list))
		}
	}
	slices.Sort(saved.Lists)
	for about, known := range h.of {
		saved.Facts[string(about)] = foldedIDs(known)
	}
	for id, roles := range h.roles.each() {
		saved.Roles = append(saved.Roles, savedRoles{id, roles})
	}
	for id, groups := range h.around.each() {
		saved.Around = append(saved.Around, savedAround{id, groups})
	}
	return saved, nil
}

func (s *savedHoldings) load() (*holdings, error) {
	if s == nil {
		return nil, nil
	}
	h := &holdings{lists: map[fact]bool{}, of: map[fact]table[bool]{}}
	for _, list := range s.Lists {
		h.lists[fact(list)] = true
	}
	for about, ids := range s.Facts {
		if _, known := userFacts[fact(about)]; !known && fact(about) != factMembers && fact(about) != factOwnRoles {
			return nil, fmt.Errorf("%q is no fact", about)
		}
		for _, id := range ids {
			h.note(fact(about), id)
		}
	}
	for _, row := range s.Roles {
		h.roles.put(row.ID, row.Roles)
	}
	for _, row := range s.Around {
		h.around.put(row.ID, row.Groups)
	}
	return h, nil
}
