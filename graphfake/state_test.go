package graphfake

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/internal/openjson"
	"github.com/entramfa/entramfa/mfa"
)

// derived are the fields of directory that a state doesn't hold, for others imply them.
var derived = map[string]string{"upns": "users", "above": "members"}

// TestEveryTableStandsInAState fails on a field of directory that sections forgets.
func TestEveryTableStandsInAState(t *testing.T) {
	var whole wholeState
	parts := map[any]string{}
	for _, s := range sections() {
		part := s.part(&whole)
		_, twice := parts[part]
		assert.False(t, twice, s.name())
		parts[part] = s.name()
	}
	state := reflect.ValueOf(&whole.directory).Elem()
	for i := range state.NumField() {
		name := state.Type().Field(i).Name
		_, written := parts[reflect.NewAt(state.Field(i).Type(), state.Field(i).Addr().UnsafePointer()).Interface()]
		assert.NotEqual(t, derived[name] != "", written, "directory.%s stands in no line of sections, or in too many", name)
	}
	assert.Equal(t, "people", parts[&whole.people])
}

// filler fills values at random.
type filler struct {
	random *mathrand.Rand
	key    *rsa.PublicKey
}

func newFiller(t *testing.T, seed uint64) *filler {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return &filler{mathrand.New(mathrand.NewPCG(seed, 1)), &key.PublicKey}
}

func (f *filler) text() string { return fmt.Sprintf("Text <%d> é", f.random.IntN(1e9)) }

// fill gives a value, and all within it, something else than zero; unexported fields too.
func (f *filler) fill(v reflect.Value) {
	v = reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		*at = time.Unix(f.random.Int64N(1e9), f.random.Int64N(1e9)).UTC()
		return
	case *openjson.Members, **x509.Certificate, *mfa.Phone, **secretHash:
		return
	case *object:
		*at = object{{"id", raw(f.text())}, {"more", raw([]int{1})}}
		return
	case *json.RawMessage:
		*at = raw(f.text())
		return
	case *memberSet:
		*at = memberSet{}.with(f.text()).with(f.text())
		return
	case *credential:
		*at = credential{row: object{{"keyId", raw(f.text())}}, hash: newSecretHash(f.text())}
		return
	case *password:
		*at = password{text: f.text(), change: f.random.IntN(2) > 0, withMFA: f.random.IntN(2) > 0, profiled: f.random.IntN(2) > 0}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.text())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + f.random.Int64N(1e6))
	case reflect.Float64:
		v.SetFloat(f.random.Float64())
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+f.random.IntN(2), 3))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "added" { // of an Application: filled where it signs in
				f.fill(v.Field(i))
			}
		}
	case reflect.Interface: // the public key of an application
		v.Set(reflect.ValueOf(f.key))
	default:
		panic("fill " + v.Type().String())
	}
}

// table puts rows into a table[T].
func (f *filler) table(v reflect.Value, key func(row reflect.Value) string) {
	rows := v.Field(0)
	rows = reflect.NewAt(rows.Type(), unsafe.Pointer(rows.UnsafeAddr())).Elem()
	for range 1 + f.random.IntN(3) {
		kept := reflect.New(rows.MethodByName("With").Type().In(1).Elem())
		row := kept.Elem().FieldByName("row")
		f.fill(row)
		rows.Set(rows.MethodByName("With").Call([]reflect.Value{reflect.ValueOf(key(row)), kept})[0])
	}
}

// key is the id of a resource, a random one where a row has none.
func (f *filler) rowKey(row reflect.Value) string {
	if row.Kind() == reflect.Struct {
		if id := row.FieldByName("ID"); id.IsValid() && row.Type() != reflect.TypeFor[loggedSignIn]() {
			return fold(id.String())
		}
	}
	return fold(f.text())
}

// tenant fills every table of a tenant.
func (f *filler) tenant() *Tenant {
	t := &Tenant{TenantID: f.text(), made: 17}
	state := reflect.ValueOf(&t.directory).Elem()
	for i := range state.NumField() {
		field := state.Field(i)
		switch name := state.Type().Field(i).Name; {
		case derived[name] != "":
		case name == "members":
			for range 3 {
				t.directory.addMember(f.text(), f.text())
			}
		case name == "held":
			t.directory.held = f.holdings()
		case strings.HasPrefix(field.Type().Name(), "table["):
			f.table(reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem(), f.rowKey)
		default:
			f.fill(field)
		}
	}
	for _, user := range t.directory.users.all() {
		t.directory.upns.put(user.UserPrincipalName, user.ID)
	}
	f.table(reflect.ValueOf(&t.people).Elem(), f.rowKey)
	f.phones(t)
	return t
}

// phones makes methods whose number is that which is shown.
func (f *filler) phones(t *Tenant) {
	for id, methods := range t.directory.methods.each() {
		for i, m := range methods {
			methods[i].PhoneNumber = new(mfa.NewPhone(m.number))
		}
		methods = append(methods, method{Method: mfa.Method{Type: "x", ID: "y", PhoneNumber: new(mfa.NewPhone(""))}})
		t.directory.methods.put(id, methods)
	}
	for _, list := range t.directory.earlier.all() {
		for _, e := range list {
			for i, m := range e.methods {
				e.methods[i].PhoneNumber = new(mfa.NewPhone(m.number))
			}
		}
	}
}

func (f *filler) holdings() *holdings {
	h := &holdings{lists: map[fact]bool{factPolicies: true, factSKUs: true}, of: map[fact]table[bool]{}}
	h.note(factMethods, f.text())
	h.note(factMembers, f.text())
	h.around.put(f.text(), []string{f.text(), f.text()})
	f.table(reflect.ValueOf(&h.roles).Elem(), f.rowKey)
	return h
}

func stateOf(t *testing.T, tenant *Tenant) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, tenant.WriteState(&out))
	return out.String()
}

func TestStateComesBackWhole(t *testing.T) {
	for seed := range uint64(5) {
		f := newFiller(t, seed)
		before := f.tenant()
		text := stateOf(t, before)
		after, err := ReadState(strings.NewReader(text))
		require.NoError(t, err, "seed %d", seed)
		require.Equal(t, text, stateOf(t, after), "seed %d", seed)
		require.Equal(t, string(before.Snapshot()), string(after.Snapshot()), "seed %d", seed)
		require.Equal(t, before.ID(), after.ID())
		require.Equal(t, before.made, after.made)
		sameState(t, reflect.ValueOf(before.directory), reflect.ValueOf(after.directory), "directory")
		sameState(t, reflect.ValueOf(before.people), reflect.ValueOf(after.people), "people")
	}
}

// sameState compares two values, but for how JSON was written and for secrets.
func sameState(t *testing.T, a, b reflect.Value, path string) {
	t.Helper()
	switch a.Type() {
	case reflect.TypeFor[openjson.Members](), reflect.TypeFor[object]():
		return
	case reflect.TypeFor[*secretHash](), reflect.TypeFor[*x509.Certificate]():
		require.Equal(t, a.IsNil(), b.IsNil(), path)
		return
	case reflect.TypeFor[time.Time]():
		require.Equal(t, fmt.Sprint(a), fmt.Sprint(b), path)
		return
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			secret := name == "Secret" || name == "text" || name == "password" && a.Field(i).Kind() == reflect.String
			if secret {
				require.Empty(t, b.Field(i).String(), "%s.%s", path, name)
				continue
			}
			sameState(t, a.Field(i), b.Field(i), path+"."+name)
		}
	case reflect.Slice, reflect.Array:
		require.Equal(t, a.Len(), b.Len(), path)
		for i := range a.Len() {
			sameState(t, a.Index(i), b.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Pointer, reflect.Interface:
		require.Equal(t, a.IsNil(), b.IsNil(), path)
		if !a.IsNil() {
			sameState(t, a.Elem(), b.Elem(), path)
		}
	case reflect.Map:
		require.Equal(t, a.Len(), b.Len(), path)
		for _, key := range a.MapKeys() {
			sameState(t, a.MapIndex(key), b.MapIndex(key), path+"."+key.String())
		}
	case reflect.String: // whose case is kept, but in what others imply
		if strings.HasPrefix(path, "directory.above.") {
			require.Equal(t, fold(a.String()), fold(b.String()), path)
			return
		}
		require.Equal(t, a.String(), b.String(), path)
	default:
		require.True(t, a.Equal(b), "%s: %v and %v", path, a, b)
	}
}

func TestEmptyStateComesBack(t *testing.T) {
	text := stateOf(t, &Tenant{})
	after, err := ReadState(strings.NewReader(text))
	require.NoError(t, err)
	assert.Equal(t, DefaultTenantID, after.ID())
	assert.Nil(t, after.directory.organization)
	assert.Nil(t, after.directory.held)
	assert.Equal(t, text, stateOf(t, after))
}

func TestStateHoldsNoSecret(t *testing.T) {
	tenant := &Tenant{}
	user := tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com"})
	require.NoError(t, tenant.GivePassword(user, "Hush-hush-1"))
	app := tenant.AddApplication(Application{Secret: "Hush-hush-2"})
	_, err := tenant.beginReset(&tenant.directory, mfa.Identity{Kind: mfa.IdentityUser, ID: "admin"}, user, "Hush-hush-3")
	require.Error(t, err) // nobody may, and so it is put there
	tenant.directory.resets.put("r", reset{id: "r", user: user, password: "Hush-hush-3"})
	text := stateOf(t, tenant)
	assert.NotContains(t, text, "ush-hush")
	assert.Equal(t, 3, strings.Count(text, hashAlgorithm))
	assert.Equal(t, text, stateOf(t, tenant), "another salt the second time")
	require.NoError(t, tenant.GivePassword(user, "Hush-hush-1"))
	assert.NotEqual(t, text, stateOf(t, tenant), "the same salt for a new password")

	after, err := ReadState(strings.NewReader(text))
	require.NoError(t, err)
	for range 2 { // the second time it is known
		assert.False(t, after.directory.passwordFits(fold(user), "Hush-hush-2"))
		assert.False(t, after.directory.passwordFits(fold(user), ""))
		assert.True(t, after.directory.passwordFits(fold(user), "Hush-hush-1"))
	}
	assert.True(t, after.directory.applications.at(app).fits("Hush-hush-2"))
	assert.False(t, after.directory.applications.at(app).fits(""))
	after.progress() // which ends the reset, at the second question
	r := after.directory.resets.at("r")
	r.reads = 2
	after.runReset(&after.directory, r)
	assert.True(t, after.directory.passwordFits(fold(user), "Hush-hush-3"))
	assert.True(t, after.directory.passwords.at(user).mustChange())
}

func TestBrokenStateIsRefusedWithItsOffset(t *testing.T) {
	tenant := &Tenant{}
	tenant.AddUser(mfa.User{ID: "b0000000-0000-4000-8000-000000000001", UserPrincipalName: "svc@contoso.com"})
	require.NoError(t, tenant.GivePassword("svc@contoso.com", "Hush-hush-1"))
	whole := stateOf(t, tenant)
	at := func(part string) int { return strings.Index(whole, part) }
	for name, c := range map[string]struct {
		old, new string
		offset   int
		says     string
	}{
		"another schema":      {`"graphfake.state/1"`, `"graphfake.state/2"`, 10, `"graphfake.state/1" is wanted`},
		"no object":           {whole, `[]`, 0, "an object is wanted"},
		"empty":               {whole, ``, 0, "unexpected end"},
		"broken JSON":         {`"users":{`, `"users":[`, at(`"users":{`) + 10 + len(`"b0000000-0000-4000-8000-000000000001"`), "after array element"},
		"no row":              {`"groups":{}`, `"groups":[]`, at(`"groups":{}`) + 9, "an object is wanted"},
		"unknown member":      {`"groups":{}`, `"gruppen":{}`, at(`"groups":{}`) + 10, `"gruppen" is not known`},
		"missing member":      {`,` + "\n" + `"known":null`, ``, len(whole) - 14, `"known" is missing`},
		"row null":            {`"appPasswords":{}`, `"appPasswords":{"x":null}`, at(`"appPasswords":{}`) + 20, "null is no row"},
		"row of another type": {`"appPasswords":{}`, `"appPasswords":{"x":"1"}`, at(`"appPasswords":{}`) + 20, "string"},
		"upper case id":       {`"appPasswords":{}`, `"appPasswords":{"X":1}`, at(`"appPasswords":{}`) + 20, "lower case"},
		"two ids":             {`"id":"b0000000-0000-4000-8000-000000000001"`, `"id":"b0000000-0000-4000-8000-000000000002"`, at(`:{"@odata`) + 1, "has the id"},
		"negative":            {`"made":0`, `"made":-1`, at(`"made":0`) + 7, "negative"},
		"unknown in a row":    {`"mustChange":false`, `"mustchange":false,"text":"x"`, at(`{"hash":`), `unknown field "text"`},
		"another hash":        {hashAlgorithm, "MD5", at(`{"hash":`), "algorithm"},
		"short key":           {`"key":"`, `"key":"QUJD","mey":"`, at(`{"hash":`), "unknown field"},
		"too dear":            {`"iterations":100000`, `"iterations":1000000000`, at(`{"hash":`), "iterations"},
		"member twice":        {`"appPasswords":{}`, `"appPasswords":{"x":1,"x":2}`, at(`"appPasswords":{}`) + 26, "stands twice"},
		"something behind":    {"}\n", "}\n{}", len(whole), "after top-level value"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(whole, c.old, c.new, 1)
			if name == "something behind" {
				text = whole + "{}"
			}
			require.NotEqual(t, whole, text, "the test changed nothing")
			tenant, err := ReadState(strings.NewReader(text))
			assert.Nil(t, tenant)
			require.ErrorContains(t, err, c.says)
			if name != "two ids" {
				assert.ErrorContains(t, err, fmt.Sprintf("offset %d: ", c.offset))
			}
			assert.NotContains(t, err.Error(), "ush-hush")
		})
	}
	for cut := 0; cut < len(whole)-1; cut += 7 {
		_, err := ReadState(strings.NewReader(whole[:cut]))
		require.ErrorContains(t, err, "offset ", "cut at %d", cut)
	}
}

func TestTwoAccountsWithOneNameAreRefused(t *testing.T) {
	tenant := &Tenant{}
	tenant.AddUser(mfa.User{UserPrincipalName: "one@contoso.com"})
	tenant.AddUser(mfa.User{UserPrincipalName: "two@contoso.com"})
	text := strings.Replace(stateOf(t, tenant), `"two@contoso.com"`, `"ONE@contoso.com"`, 1)
	_, err := ReadState(strings.NewReader(text))
	assert.ErrorContains(t, err, "the same userPrincipalName")
	assert.ErrorContains(t, err, "offset ")
}
