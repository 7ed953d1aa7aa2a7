package graphfake

import (
	_ "embed"
	"encoding/json"
	"slices"
)

// catemplates.json holds the templates as beta listed them, without null members,
// empty ones and descriptions. Captured by
// https://github.com/deploymenttheory/terraform-provider-microsoft365,
// internal/services/datasources/identity_and_access/graph_beta/conditional_access_template/get_req.md.
//
//go:embed catemplates.json
var templateList []byte

// templateShape: https://learn.microsoft.com/graph/api/resources/conditionalaccesstemplate.
var templateShape = slices.Concat(
	same("null", "id", "name", "description"),
	enum("scenarios", "null", "new", "secureFoundation", "zeroTrust", "remoteWork", "protectAdmins", "emergingThreats"),
	one("details", "null", templateDetails),
)

// templateDetails are what a policy is made of: https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicydetail.
var templateDetails = slices.Concat(
	one("conditions", "null", conditionsShape),
	one("grantControls", "null", grantShape),
	one("sessionControls", "null", sessionShape),
)

const templatesPath = "identity/conditionalAccess/templates"

var templateRoutes = []route{
	{method: "GET", path: "/" + templatesPath, aliases: []string{"/conditionalAccess/templates"}, service: conditionalAccess,
		permissions: readPolicies, options: skipOptions, filterable: []string{"id", "name", "scenarios"}, serve: listTemplates},
	{method: "GET", path: "/" + templatesPath + "/{}", aliases: []string{"/conditionalAccess/templates/{}"}, service: conditionalAccess,
		permissions: readPolicies, options: entityOptions, serve: getTemplate},
}

const templateKind = "microsoft.graph.conditionalAccessTemplate"

func listTemplates(d *directory, t *Tenant, c *call) (answer, error) {
	return list(templatesPath, templateKind, templateShape, d.templates(c.version), nil)
}

func getTemplate(d *directory, t *Tenant, c *call) (answer, error) {
	for _, row := range d.templates(c.version) {
		if sameText(row.text("id"), c.vars[0]) {
			return entity(templatesPath, templateKind, templateShape, row, nil)
		}
	}
	return answer{}, notFoundCA("ConditionalAccessTemplate", c.vars[0])
}

// templates returns those that a version can show. That v1.0 leaves out what only
// beta knows is documented for policies, and taken from there.
func (d *directory) templates(version string) []object {
	var texts []json.RawMessage
	if err := json.Unmarshal(templateList, &texts); err != nil {
		panic("graphfake: " + err.Error()) // the list is part of the program
	}
	rows := []object{}
	for _, text := range texts {
		row, err := parseObject(text)
		if err != nil {
			panic("graphfake: " + err.Error())
		}
		details, _ := parseObject(row.get("details"))
		if version == beta || !templateDetails.beyond(details) {
			rows = append(rows, row.with("details", raw(d.withWholeStrength(details))))
		}
	}
	return rows
}

// withWholeStrength writes the strength out that the controls of a template name.
func (d *directory) withWholeStrength(details object) object {
	grant, err := parseObject(details.get("grantControls"))
	if err != nil || !grant.given("authenticationStrength") {
		return details
	}
	named, _ := parseObject(grant.get("authenticationStrength"))
	strength, known := d.strength(named.text("id"))
	if !known {
		return details
	}
	return details.with("grantControls", raw(grant.with("authenticationStrength", raw(strength))))
}
