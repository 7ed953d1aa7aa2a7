package msgraph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxNodes bounds the objects in an answer. An object of two bytes becomes a
// struct of hundreds, so that the length of an answer doesn't bound the memory.
const maxNodes = 500_000

// decode reads the JSON object of an answer, or says what came instead of it.
func decode(a answer, target any) error {
	body, err := objectIn(a)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, target); err != nil {
		return fmt.Errorf("the answer can't be read: %w", err)
	}
	return nil
}

// decodeOne reads the answer that is an object of Graph.
func decodeOne(a answer, target any) error {
	if err := checkStatus(a); err != nil {
		return err
	}
	var outer struct{ Error json.RawMessage }
	if err := decode(a, &outer); err != nil {
		return err
	}
	if err := checkError(outer.Error); err != nil {
		return err
	}
	return decode(a, target)
}

// objectIn returns the text of an answer that looks like a JSON object.
func objectIn(a answer) ([]byte, error) {
	body := bytes.TrimSpace(a.body)
	switch {
	case len(body) == 0:
		return nil, errors.New("the answer is empty")
	case body[0] == '<':
		return nil, errors.New("the answer is an HTML page, not JSON")
	case body[0] != '{':
		return nil, errors.New("the answer is no JSON object")
	case bytes.Count(body, []byte{'{'}) > maxNodes:
		return nil, fmt.Errorf("the answer has more than %d objects", maxNodes)
	}
	return body, nil
}

// checkStatus says what is wrong with a status that passes for success: the
// answer to a read is 200, and 206 is part of one.
func checkStatus(a answer) error {
	if a.status == http.StatusOK || len(bytes.TrimSpace(a.body)) == 0 {
		return nil // what is empty is reported by who decodes it
	}
	return fmt.Errorf("the answer is not whole: its status is %d %s and not 200", a.status, http.StatusText(a.status))
}

// checkError says whether the error member of an answer with status 200 holds one.
func checkError(raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	said, _ := wordsIn(raw)
	return errors.New(strings.TrimSpace("the answer has status 200 and holds an error: " + said.code + " " + said.message))
}

// errFull says that a list has more items than there is room for.
var errFull = errors.New("the list has too many items")

var errNoValue = errors.New(`the page of a list has no "value"`)

// page is one page of a list.
type page[T any] struct {
	values   []T
	nextLink string
	count    int // 0 where none is given
}

// decodePage reads a page of at most room items. It ends at the first item that
// lacks its key: half an object would be judged as one that asks for nothing.
func decodePage[T any](a answer, room int) (page[T], error) {
	if err := checkStatus(a); err != nil {
		return page[T]{}, err
	}
	body, err := objectIn(a)
	if err != nil {
		return page[T]{}, err
	}
	p := pageDecoder[T]{json: json.NewDecoder(bytes.NewReader(body)), room: room, seen: map[string]bool{}}
	if err := p.object(); err != nil {
		return page[T]{}, err
	}
	if !p.seen["value"] {
		return page[T]{}, errNoValue
	}
	return p.page, nil
}

// pageDecoder reads a page member by member and item by item.
type pageDecoder[T any] struct {
	json *json.Decoder
	room int
	seen map[string]bool // the members below that were read
	page page[T]
}

func (p *pageDecoder[T]) object() error {
	if _, err := p.json.Token(); err != nil {
		return broken(err)
	}
	for p.json.More() {
		name, err := p.json.Token()
		if err != nil {
			return broken(err)
		}
		if err := p.member(annotation(name)); err != nil {
			return err
		}
	}
	if _, err := p.json.Token(); err != nil {
		return broken(err)
	}
	if _, err := p.json.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the answer can't be read: something follows its object")
	}
	return nil
}

// annotation folds the spellings of a member's name: @odata.nextLink, in older
// OData odata.nextLink, in newer @nextLink.
func annotation(name json.Token) string {
	text, _ := name.(string) // the decoder gives names as texts
	return strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(text), "@"), "odata.")
}

func (p *pageDecoder[T]) member(name string) error {
	if p.seen[name] {
		return fmt.Errorf("the answer can't be read: %q stands twice", name)
	}
	var err error
	switch name {
	case "value":
		return p.values()
	case "nextlink":
		err = p.json.Decode(&p.page.nextLink)
	case "count":
		err = p.json.Decode(&p.page.count)
	default:
		var other json.RawMessage
		if err := p.json.Decode(&other); err != nil || name != "error" {
			return broken(err)
		}
		return checkError(other)
	}
	p.seen[name] = true
	return broken(err)
}

// values reads the items.
func (p *pageDecoder[T]) values() error {
	open, err := p.json.Token()
	switch {
	case err != nil:
		return broken(err)
	case open == nil:
		return errNoValue
	case open != json.Delim('['):
		return errors.New(`the answer can't be read: its "value" is no list`)
	}
	p.seen["value"] = true
	for p.json.More() {
		if len(p.page.values) >= p.room {
			return errFull
		}
		var item T
		if err := p.json.Decode(&item); err != nil {
			return broken(err)
		}
		if key := lacking(&item); key != "" {
			return fmt.Errorf("the answer is not whole: an item of the list has no %q", key)
		}
		p.page.values = append(p.page.values, item)
	}
	_, err = p.json.Token()
	return broken(err)
}

// broken is the error of JSON that ends early or isn't any.
func broken(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the answer can't be read: %w", err)
}
