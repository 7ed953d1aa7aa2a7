package graphfake

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/policy"
)

// Configurations restrict the keys and certificates of a combination. They are kept in
// their strength, as its GET shows them.

const (
	configurationKind = "microsoft.graph.authenticationCombinationConfiguration"
	keyConfiguration  = "#microsoft.graph.fido2CombinationConfiguration"
	certConfiguration = "#microsoft.graph.x509CertificateCombinationConfiguration"
)

// keyWrites: https://learn.microsoft.com/graph/api/resources/fido2combinationconfiguration;
// certWrites: https://learn.microsoft.com/graph/api/resources/x509certificatecombinationconfiguration.
var (
	keyWrites  = writable{strings.TrimPrefix(keyConfiguration, "#"), "BadRequest", []field{{"appliesToCombinations", isTexts}, {"allowedAAGUIDs", areGUIDs}}}
	certWrites = writable{strings.TrimPrefix(certConfiguration, "#"), "BadRequest", []field{
		{"appliesToCombinations", isTexts}, {"allowedIssuerSkis", isTexts}, {"allowedPolicyOIDs", isTexts}}}

	configurationShape = slices.Concat(same("null", "id"), enum("appliesToCombinations", "[]", methodModes...),
		same("", "allowedAAGUIDs", "allowedIssuerSkis", "allowedPolicyOIDs"))
)

func areGUIDs(value json.RawMessage) bool {
	return isTexts(value) && !slices.ContainsFunc(textsOf(value), func(id string) bool { return !guid.Is(id) })
}

// configurationsOf returns the configurations of a strength.
func configurationsOf(strength policy.AuthenticationStrength) []object {
	var texts []json.RawMessage
	_ = json.Unmarshal(objectOf(strength).get("combinationConfigurations"), &texts) // absent is none
	rows := []object{}
	for _, text := range texts {
		if row, err := parseObject(text); err == nil {
			rows = append(rows, row)
		}
	}
	return rows
}

func withConfigurations(strength policy.AuthenticationStrength, rows []object) policy.AuthenticationStrength {
	changed, err := decodeObject[policy.AuthenticationStrength](objectOf(strength).with("combinationConfigurations", raw(rows)))
	if err != nil {
		return strength // it was decoded from such an object
	}
	return changed
}

// allowsAll says whether a strength allows the combinations that a configuration is about.
func allowsAll(strength policy.AuthenticationStrength, configuration object) bool {
	return !slices.ContainsFunc(textsOf(configuration.get("appliesToCombinations")), func(text string) bool {
		combination, _ := combinationOf(text)
		return !slices.Contains(strength.AllowedCombinations, combination)
	})
}

func configurationsPath(c *call) string {
	return strengthsPath + "('" + c.vars[0] + "')/combinationConfigurations"
}

func listConfigurations(d *directory, t *Tenant, c *call) (answer, error) {
	strength, err := d.heldStrength(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	return list(configurationsPath(c), configurationKind, configurationShape, configurationsOf(strength), nil)
}

func getConfiguration(d *directory, t *Tenant, c *call) (answer, error) {
	strength, err := d.heldStrength(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	rows := configurationsOf(strength)
	at, err := configurationAt(rows, c.vars[1])
	if err != nil {
		return answer{}, err
	}
	return entity(configurationsPath(c), configurationKind, configurationShape, rows[at], nil)
}

func configurationAt(rows []object, id string) (int, error) {
	at := slices.IndexFunc(rows, func(o object) bool { return sameText(o.text("id"), id) })
	if at < 0 {
		return at, notFoundCA("AuthenticationCombinationConfiguration", id)
	}
	return at, nil
}

func postConfiguration(d *directory, t *Tenant, c *call) (answer, error) {
	strength, err := d.customStrength(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	sent, err := readConfiguration(c.body, "")
	if err != nil {
		return answer{}, err
	}
	rows := configurationsOf(strength)
	if err := checkConfiguration(strength, sent, rows); err != nil {
		return answer{}, err
	}
	row := slices.Insert(sent, 1, member{"id", raw(t.newID())}) // behind @odata.type
	t.writeStrength(withConfigurations(strength, append(rows, row)))
	return entity(configurationsPath(c), configurationKind, configurationShape, row, nil)
}

func patchConfiguration(d *directory, t *Tenant, c *call) (answer, error) {
	strength, err := d.customStrength(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	rows := configurationsOf(strength)
	at, err := configurationAt(rows, c.vars[1])
	if err != nil {
		return answer{}, err
	}
	patch, err := readConfiguration(c.body, rows[at].text("@odata.type"))
	if err != nil {
		return answer{}, err
	}
	changed := merge(rows[at], patch)
	if err := checkConfiguration(strength, changed, slices.Delete(slices.Clone(rows), at, at+1)); err != nil {
		return answer{}, err
	}
	rows[at] = changed
	t.writeStrength(withConfigurations(strength, rows))
	return answer{}, nil
}

func deleteConfiguration(d *directory, t *Tenant, c *call) (answer, error) {
	strength, err := d.customStrength(c.vars[0])
	if err != nil {
		return answer{}, err
	}
	rows := configurationsOf(strength)
	at, err := configurationAt(rows, c.vars[1])
	if err != nil {
		return answer{}, err
	}
	t.writeStrength(withConfigurations(strength, slices.Delete(rows, at, at+1)))
	return answer{}, nil
}

// readConfiguration reads a configuration of a kind that is given or that the body
// names. It comes with its @odata.type first.
func readConfiguration(body []byte, kind string) (object, error) {
	sent, refusal := readBodyObject(body)
	if refusal != nil {
		return nil, refusal
	}
	named := sent.text("@odata.type")
	if kind == "" {
		kind = named
	}
	for known, writes := range map[string]writable{keyConfiguration: keyWrites, certConfiguration: certWrites} {
		if strings.EqualFold(kind, known) && (named == "" || strings.EqualFold(named, known)) {
			read, err := writes.read(body)
			return append(object{{"@odata.type", raw(known)}}, read.without("@odata.type")...), err
		}
	}
	return nil, badConfiguration("The @odata.type of a key or of a certificate combination configuration is wanted.")
}

func badConfiguration(format string, args ...any) *entramfa.GraphError {
	return graphError(http.StatusBadRequest, "BadRequest", format, args...)
}

// checkConfiguration: a configuration is about combinations of its kind that the
// strength allows and that no other is about, and it restricts something.
func checkConfiguration(strength policy.AuthenticationStrength, configuration object, others []object) error {
	method, lists := "fido2", []string{"allowedAAGUIDs"}
	if strings.EqualFold(configuration.text("@odata.type"), certConfiguration) {
		method, lists = "x509Certificate", []string{"allowedIssuerSkis", "allowedPolicyOIDs"}
	}
	combinations := textsOf(configuration.get("appliesToCombinations"))
	if len(combinations) == 0 || slices.ContainsFunc(combinations, func(text string) bool { return !strings.Contains(text, method) }) {
		return badConfiguration("appliesToCombinations must name combinations with %s.", method)
	}
	if !allowsAll(strength, configuration) {
		return badConfiguration("appliesToCombinations names a combination that the authentication strength does not allow.")
	}
	if !slices.ContainsFunc(lists, func(name string) bool { return !absent(configuration.get(name)) }) {
		return badConfiguration("One of %s must not be empty.", strings.Join(lists, ", "))
	}
	for _, other := range others {
		for _, text := range textsOf(other.get("appliesToCombinations")) {
			if slices.Contains(combinations, text) {
				return badConfiguration("There is a configuration of the combination '%s' already.", text)
			}
		}
	}
	return nil
}
