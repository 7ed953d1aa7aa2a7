package openjson_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/internal/openjson"
)

type inner struct {
	Names   []string `json:"names"`
	members openjson.Members
}

func (i *inner) UnmarshalJSON(text []byte) (err error) {
	i.members, err = openjson.Decode(text, i)
	return err
}

func (i inner) MarshalJSON() ([]byte, error) { return openjson.Encode(i, i.members) }

type outer struct {
	ID      string  `json:"id"`
	State   string  `json:"state"`
	Enabled *bool   `json:"isEnabled"`
	Inner   *inner  `json:"inner"`
	List    []inner `json:"list"`
	Ignored string  `json:"-"`
	members openjson.Members
}

func (o *outer) UnmarshalJSON(text []byte) (err error) {
	o.members, err = openjson.Decode(text, o)
	return err
}

func (o outer) MarshalJSON() ([]byte, error) { return openjson.Encode(o, o.members) }

func TestRoundTripKeepsEverything(t *testing.T) {
	for _, text := range []string{
		`{}`,
		`{"id":"1","state":"on"}`,
		`{"state":null,"id":"1"}`,
		`{"@odata.type":"#x","isEnabled":null,"id":"1","future":{"b":[1,2.50,1e400],"a":null}}`,
		`{"inner":{"names":[],"later":true},"list":[{"names":null},{}]}`,
		`{"ID":"1","IsEnabled":false}`,
	} {
		var o outer
		require.NoError(t, json.Unmarshal([]byte(text), &o), text)
		out, err := json.Marshal(o)
		require.NoError(t, err, text)
		assert.Equal(t, text, string(out))
	}
}

func TestEncodeWritesWhatChanged(t *testing.T) {
	var o outer
	require.NoError(t, json.Unmarshal([]byte(`{"state":null,"later":1,"id":"1"}`), &o))
	enabled := true
	o.State, o.Enabled = "on", &enabled
	out, err := json.Marshal(o)
	require.NoError(t, err)
	assert.Equal(t, `{"state":"on","later":1,"id":"1","isEnabled":true}`, string(out))
}

func TestEncodeOfWhatWasNeverDecoded(t *testing.T) {
	out, err := json.Marshal(outer{ID: "1", List: []inner{{Names: []string{"a"}}}})
	require.NoError(t, err)
	assert.Equal(t, `{"id":"1","list":[{"names":["a"]}]}`, string(out))
}

func TestDecodeComparesNamesWithoutCase(t *testing.T) {
	var o outer
	require.NoError(t, json.Unmarshal([]byte(`{"STATE":"on","Inner":{"Names":["a"]}}`), &o))
	assert.Equal(t, "on", o.State)
	assert.Equal(t, []string{"a"}, o.Inner.Names)
}

func TestDecodeRefuses(t *testing.T) {
	for text, message := range map[string]string{
		`{"id":"1","ID":"2"}`:        `member "ID" stands twice`,
		`{"later":1,"later":2}`:      `member "later" stands twice`,
		`{"list":[null]}`:            "an object is wanted",
		`{"inner":[]}`:               "an object is wanted",
		`{"inner":{"names":"a"}}`:    "inner: names: json: cannot unmarshal string",
		`{"isEnabled":"true"}`:       "isEnabled: json: cannot unmarshal string",
		`{"id":{"not":"a string"}}`:  "id: json: cannot unmarshal object",
		`{"list":[{"names":[1,2]}]}`: "names: json: cannot unmarshal number",
	} {
		var o outer
		assert.ErrorContains(t, json.Unmarshal([]byte(text), &o), message, text)
	}
}

func TestUnknownListsWhatSaysSomething(t *testing.T) {
	var o outer
	require.NoError(t, json.Unmarshal([]byte(`{"id":"1","times":null,"later":{"a":1}}`), &o))
	for name, value := range o.members.Unknown() {
		assert.Equal(t, "later", name)
		assert.JSONEq(t, `{"a":1}`, string(value))
	}
	for name := range o.members.Without("LATER").Unknown() {
		assert.Fail(t, "is left", name)
	}
	assert.True(t, o.members.Decoded())
	assert.False(t, openjson.Members{}.Decoded())
	assert.True(t, o.members.Has("times"))
	assert.False(t, o.members.Has("state"))
}

func FuzzRoundTrip(f *testing.F) {
	f.Add(`{"id":"1","state":null,"list":[{"names":["a"]}],"later":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var o outer
		if json.Unmarshal([]byte(text), &o) != nil {
			return
		}
		out, err := json.Marshal(o)
		require.NoError(t, err)
		assert.JSONEq(t, text, string(out))
	})
}
