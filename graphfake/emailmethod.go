package graphfake

import (
	"encoding/json"
	"net/mail"
	"slices"

	"github.com/entramfa/entramfa/mfa"
)

// An email address serves to reset a password, and is no second factor.
// Source: https://learn.microsoft.com/graph/api/resources/emailauthenticationmethod.

// emailMethodID is the id of the one address, the same for every account.
const emailMethodID = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"

func postEmail(d *directory, t *Tenant, c *call) (answer, error) {
	owner, address, err := t.emailWrite(d, c)
	if err != nil {
		return answer{}, err
	}
	methods := d.methods.at(owner.ID)
	if slices.ContainsFunc(methods, isEmail) {
		return answer{}, badPhone("The user has an email method already.")
	}
	added := method{Method: mfa.Method{Type: emails.odataType(), ID: emailMethodID}, extra: object{{"emailAddress", raw(address)}}}
	t.writeMethods(d, owner.ID, append(slices.Clone(methods), added))
	return entity(emails.context(c), "microsoft.graph."+emails.kind, emails.shape, added.row().without("@odata.type"), nil)
}

func patchEmail(d *directory, t *Tenant, c *call) (answer, error) {
	owner, address, err := t.emailWrite(d, c)
	if err != nil {
		return answer{}, err
	}
	methods := slices.Clone(d.methods.at(owner.ID))
	at := slices.IndexFunc(methods, isEmail)
	if at < 0 || !sameText(methods[at].ID, c.vars[1]) {
		return answer{}, noMethod(c.vars[1])
	}
	methods[at].extra = object{{"emailAddress", raw(address)}}
	t.writeMethods(d, owner.ID, methods)
	return answer{}, nil
}

func isEmail(m method) bool { return sameText(m.Type, emails.odataType()) }

// emailWrite reads whose address is written, and which one.
func (t *Tenant) emailWrite(d *directory, c *call) (mfa.User, string, error) {
	owner, err := t.methodOwner(d, c.who, c.vars[0])
	if err != nil {
		return owner, "", err
	}
	sent, err := readMethod(emails, c.body, field{"emailAddress", isAddress}, field{"id", orNull(isText)})
	if err == nil && sent.get("emailAddress") == nil {
		err = badPhone("A value is required for property 'emailAddress'.")
	}
	return owner, sent.text("emailAddress"), err
}

// isAddress says whether a value is an address, and nothing around it.
func isAddress(value json.RawMessage) bool {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return false
	}
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text
}
