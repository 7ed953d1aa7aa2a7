package graphfake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// What $filter may ask of each property of a route stands in its reference. A route
// lists it as texts:
//
//	displayName                      eq, in and startswith, on values of any type
//	createdDateTime:ge               ge and le alone; :any is a list that holds a value
//	mail: eq le in | ne endswith     these by default, those behind the bar only with
//	                                 ConsistencyLevel: eventual and $count=true
//	accountEnabled bool: eq          and of which type the values are: text where none stands
//	status/errorCode number: eq      a path
//	assignedLicenses/any(skuId) guid: eq    a member of the items of a list
//
// A service of the directory negates (ne, not) in advanced queries alone.

// anyLiteral is the kind of a property of which the route doesn't say one.
const anyLiteral literalKind = -1

// ability is what a property can be filtered by.
type ability struct {
	kind              literalKind
	byDefault, beyond []operator
}

// filterTable is the abilities by folded property; the items of a list stand under name/any.
type filterTable map[string]ability

func newFilterTable(lines []string) filterTable {
	table := filterTable{}
	for _, line := range lines {
		name, able := parseAbility(line)
		if before, twice := table[name]; twice { // displayName, and displayName:any
			able.byDefault, able.beyond = append(able.byDefault, before.byDefault...), append(able.beyond, before.beyond...)
		}
		table[name] = able
	}
	return table
}

func parseAbility(line string) (name string, able ability) {
	head, tail, explicit := strings.Cut(line, ":")
	words := strings.Fields(head)
	name = fold(words[0])
	able.kind = textLiteral
	if len(words) > 1 {
		able.kind = kindNames[words[1]]
	}
	if !explicit {
		return name, ability{anyLiteral, []operator{opEqual, opIn, opStartsWith}, nil}
	}
	byDefault, beyond, _ := strings.Cut(tail, "|")
	able.byDefault, able.beyond = operatorsOf(byDefault), operatorsOf(beyond)
	if collection, member, items := strings.Cut(name, "/any("); items {
		name = collection + "/any"
		if member = strings.TrimSuffix(member, ")"); member != "" {
			name += "/" + member
		}
	}
	switch tail { // the short forms
	case "ge":
		able = ability{timeLiteral, []operator{opGreaterOrEqual, opLessOrEqual}, nil}
	case "any":
		name, able.byDefault = name+"/any", []operator{opEqual}
	}
	return name, able
}

var kindNames = map[string]literalKind{
	"bool": boolLiteral, "number": numberLiteral, "time": timeLiteral, "guid": guidLiteral, "enum": enumLiteral,
}

func operatorsOf(text string) []operator {
	var list []operator
	for word := range strings.FieldsSeq(text) {
		list = append(list, operator(word))
	}
	return list
}

// query is what decides beside the table whether a filter is taken.
type query struct {
	resource  string // the type, in error texts
	directory bool   // a service that has advanced queries
	advanced  bool   // ConsistencyLevel: eventual and $count=true were given
}

// check refuses what can't be asked of a property, or not in this way.
func (f filter) check(table filterTable, q query) *entramfa.GraphError {
	if f.root == nil {
		return nil
	}
	return f.root.check(table, q, "")
}

// check looks at a condition; collection is the name of the list in whose lambda it stands.
func (c *condition) check(table filterTable, q query, collection string) *entramfa.GraphError {
	switch c.op {
	case opAnd, opOr, opNot:
		return c.checkParts(table, q, collection)
	case opAny, opAll:
		if collection != "" || c.op == opAll { // Source of all: https://learn.microsoft.com/graph/filter-query-parameter.
			return q.unsupported(c.path)
		}
		return c.parts[0].check(table, q, c.path+"/"+c.variable)
	}
	able, known := table[c.ability(collection)]
	if c.counted {
		return c.checkCount(table, q)
	}
	if !known {
		return q.unsupported(c.path)
	}
	if refusal := c.checkOperator(able, q); refusal != nil {
		return refusal
	}
	return c.checkValues(able, q)
}

// ability is the name under which the table lists what the condition is about.
func (c *condition) ability(collection string) string {
	if collection == "" {
		return fold(c.path)
	}
	cut := strings.LastIndexByte(collection, '/')
	return fold(collection[:cut] + "/any" + strings.TrimPrefix(c.path, collection[cut+1:]))
}

func (c *condition) checkParts(table filterTable, q query, collection string) *entramfa.GraphError {
	switch {
	case c.op == opNot && q.directory && !q.advanced:
		return needsAdvanced("Not")
	case c.op == opOr && q.directory && len(c.parts) > mostAlternatives:
		// Seen by administrators, and known to Microsoft: https://learn.microsoft.com/graph/known-issues.
		return unsupportedQuery("Too many child clauses specified in search filter expression containing 'OR' operators: %d. Max allowed: %d.",
			len(c.parts), mostAlternatives)
	}
	for _, part := range c.parts {
		if refusal := part.check(table, q, collection); refusal != nil {
			return refusal
		}
	}
	return nil
}

// checkCount takes the number of items of a list, in an advanced query of the directory
// and compared with 0 or 1.
// Source: https://learn.microsoft.com/graph/aad-advanced-queries.
func (c *condition) checkCount(table filterTable, q query) *entramfa.GraphError {
	_, list := table[fold(c.path)+"/any"]
	for name := range table {
		list = list || strings.HasPrefix(name, fold(c.path)+"/any/")
	}
	value := c.values[0]
	equality := c.op == opEqual || c.op == opNotEqual
	switch {
	case !list || !q.directory || !equality || value.kind != numberLiteral || value.number != 0 && value.number != 1:
		return q.unsupported(c.path)
	case !q.advanced:
		return needsAdvanced("$count")
	}
	return nil
}

func (c *condition) checkOperator(able ability, q query) *entramfa.GraphError {
	switch {
	case slices.Contains(able.byDefault, c.op):
	case !slices.Contains(able.beyond, c.op):
		return q.unsupported(c.path)
	case !q.advanced && c.op == opNotEqual:
		return needsAdvanced("NotEqual")
	case !q.advanced && c.op == opEndsWith:
		return needsAdvanced("endsWith")
	case !q.advanced:
		return q.unsupported(c.path)
	}
	if c.op == opIn && q.directory && len(c.values) > mostAlternatives {
		return unsupportedQuery("Too many child clauses specified in search filter expression containing 'OR' operators: %d. Max allowed: %d.",
			len(c.values), mostAlternatives)
	}
	return nil
}

// checkValues refuses values that aren't of the property's type. A guid may be
// written with quotes, and a text that looks like one without.
func (c *condition) checkValues(able ability, q query) *entramfa.GraphError {
	for _, value := range c.values {
		fits := able.kind == anyLiteral || value.kind == able.kind || value.kind == nullLiteral ||
			able.kind == guidLiteral && value.kind == textLiteral ||
			able.kind == textLiteral && (value.kind == guidLiteral || value.kind == enumLiteral) ||
			able.kind == enumLiteral && value.kind == textLiteral
		if !fits {
			// The words are those of the library under the service; the code is that of
			// other filters that it can't parse.
			return graphError(http.StatusBadRequest, "BadRequest",
				"Invalid filter clause: A binary operator with incompatible types was detected. Found operand types '%s' and '%s' for operator kind '%s'.",
				edmTypes[able.kind], edmTypes[value.kind], operatorKinds[c.op])
		}
	}
	return nil
}

var edmTypes = map[literalKind]string{
	boolLiteral: "Edm.Boolean", textLiteral: "Edm.String", numberLiteral: "Edm.Int32", timeLiteral: "Edm.DateTimeOffset",
	guidLiteral: "Edm.Guid", enumLiteral: "Edm.Enum",
}

var operatorKinds = map[operator]string{
	opEqual: "Equal", opIn: "In", opNotEqual: "NotEqual", opGreater: "GreaterThan", opGreaterOrEqual: "GreaterThanOrEqual",
	opLess: "LessThan", opLessOrEqual: "LessThanOrEqual", opStartsWith: "StartsWith", opEndsWith: "EndsWith", opContains: "Contains",
}

func (q query) unsupported(property string) *entramfa.GraphError {
	return unsupportedQuery("Unsupported or invalid query filter clause specified for property '%s' of resource '%s'.", property, q.resource)
}

// needsAdvanced is the refusal of an advanced query without what makes it one.
// Source: https://learn.microsoft.com/graph/aad-advanced-queries, for endsWith.
func needsAdvanced(operator string) *entramfa.GraphError {
	return unsupportedQuery("Operator '%s' is not supported because the required parameters might be missing. "+
		"Try adding $count=true query parameter and ConsistencyLevel:eventual header. Refer to https://aka.ms/graph-docs/advanced-queries for more information", operator)
}

// What else lists are asked for. $orderby of Conditional Access is documented without the
// properties: these are the ones that every such object has.
// Source: https://learn.microsoft.com/graph/aad-advanced-queries.
var (
	userOrder   = []string{"displayName", "userPrincipalName", "createdDateTime|", "deletedDateTime|"}
	groupOrder  = []string{"displayName", "deletedDateTime|"}
	objectOrder = []string{"displayName|"}
	policyOrder = []string{"displayName", "createdDateTime", "modifiedDateTime"}

	// objectFilters are for objects of several types.
	objectFilters = []string{"id: | eq in ne", "displayName: | eq in ne startswith", "securityEnabled bool: | eq ne", "accountEnabled bool: | eq ne", "mailEnabled bool: | eq ne"}

	policyFilters   = []string{"id: eq ne in", "displayName: eq ne in startswith endswith contains not", "state enum: eq ne in", "templateId: eq ne in", "createdDateTime time: eq ge gt le lt", "modifiedDateTime time: eq ge gt le lt"}
	locationFilters = []string{"id: eq ne in", "displayName: eq ne in startswith endswith contains not", "createdDateTime time: eq ge gt le lt", "modifiedDateTime time: eq ge gt le lt"}
	strengthFilters = []string{"id: eq ne in", "displayName: eq ne in startswith", "policyType enum: eq ne in"}
)

var (
	userExpands  = map[string]expansion{"memberOf": memberships(false, false), "transitiveMemberOf": memberships(true, false)}
	groupExpands = map[string]expansion{"members": members(false, ""), "transitiveMembers": members(true, ""), "transitiveMemberOf": groupsAround(false)}
)

// The properties of the directory's objects.
// Source: https://learn.microsoft.com/graph/aad-advanced-queries, and the reference
// of each type. A text of the reference that is wider than the table counts.
var userFilters = append([]string{
	"id: eq in | ne",
	"accountEnabled bool: eq in | ne ge le",
	"ageGroup: eq in | ne",
	"assignedLicenses/any(skuId) guid: eq",
	"assignedPlans/any(servicePlanId) guid: eq",
	"assignedPlans/any(capabilityStatus): eq",
	"assignedPlans/any(service): eq",
	"businessPhones/any(): eq startswith",
	"city: eq ge le in startswith | ne",
	"companyName: | eq ne ge le in startswith",
	"consentProvidedForMinor: eq in | ne",
	"country: eq ge le in startswith | ne",
	"createdDateTime time: eq ge le | ne in",
	"creationType: eq in | ne",
	"deletedDateTime time: eq ge le | ne in",
	"department: eq ge le in startswith | ne",
	"displayName: eq in startswith | ne ge le",
	"employeeHireDate time: | eq ne ge le in",
	"employeeId: eq in startswith | ne ge le",
	"employeeType: | eq ne ge le in startswith",
	"externalUserState: eq in | ne",
	"externalUserStateChangeDateTime time: eq in | ne",
	"faxNumber: | eq ne ge le in startswith",
	"givenName: eq ge le in startswith | ne",
	"identities/any(issuer): eq",
	"identities/any(issuerAssignedId): eq",
	"imAddresses/any(): eq ge le startswith",
	"isResourceAccount bool: eq | ne",
	"jobTitle: eq ge le in startswith | ne",
	"mail: eq ge le in startswith | ne endswith",
	"mailNickname: eq ge le in startswith | ne",
	"mobilePhone: | eq ne ge le in startswith",
	"officeLocation: | eq ne ge le in startswith",
	"onPremisesImmutableId: eq ge le in | ne",
	"onPremisesLastSyncDateTime time: | eq ne ge le in",
	"onPremisesSamAccountName: | eq ne ge le in startswith",
	"onPremisesSecurityIdentifier: eq in | ne",
	"onPremisesSyncEnabled bool: eq in | ne ge le",
	"onPremisesUserPrincipalName: eq ge le in startswith | ne",
	"otherMails/any(): eq ge le in startswith | endswith",
	"passwordPolicies: | eq ne",
	"postalCode: | eq ne ge le in startswith",
	"preferredLanguage: | eq ne ge le in startswith",
	"proxyAddresses/any(): eq ge le startswith | endswith",
	"showInAddressList bool: | eq ne in",
	"signInActivity/lastSignInDateTime time: eq ge le | ne",
	"signInActivity/lastNonInteractiveSignInDateTime time: eq ge le | ne",
	"signInActivity/lastSuccessfulSignInDateTime time: eq ge le | ne",
	"state: eq ge le in startswith | ne",
	"streetAddress: | eq ne ge le in startswith",
	"surname: eq ge le in startswith | ne",
	"usageLocation: eq ge le in startswith | ne",
	"userPrincipalName: eq le in startswith | ne ge endswith",
	"userType: eq in | ne",
}, extensionFilters()...)

// extensionFilters are the fifteen attributes of an on-premises Exchange.
func extensionFilters() []string {
	lines := make([]string, 15)
	for i := range lines {
		lines[i] = fmt.Sprintf("onPremisesExtensionAttributes/extensionAttribute%d: | eq ne ge le in startswith", i+1)
	}
	return lines
}

// groupFilters: https://learn.microsoft.com/graph/api/resources/group.
var groupFilters = []string{
	"id: eq in | ne",
	"assignedLicenses/any(skuId) guid: eq",
	"classification: eq ge le startswith | ne",
	"createdDateTime time: | eq ne ge le in",
	"description: eq ge le startswith | ne",
	"displayName: eq ge le in startswith | ne",
	"expirationDateTime time: eq ge le in | ne",
	"groupTypes/any(): eq",
	"hasMembersWithLicenseErrors bool: eq",
	"isAssignableToRole bool: eq | ne",
	"mail: eq ge le in startswith | ne endswith",
	"mailEnabled bool: eq | ne",
	"mailNickname: eq ge le in startswith | ne",
	"membershipRule: eq ge le startswith | ne",
	"membershipRuleProcessingState: eq in | ne",
	"onPremisesLastSyncDateTime time: eq ge le in | ne",
	"onPremisesSamAccountName: eq ge le in startswith | ne",
	"onPremisesSecurityIdentifier: eq | ne",
	"onPremisesSyncEnabled bool: eq in | ne",
	"preferredLanguage: eq ge le in startswith | ne",
	"proxyAddresses/any(): eq ge le startswith | endswith",
	"renewedDateTime time: eq ge le in | ne",
	"securityEnabled bool: eq in | ne",
}

// What routes of roles take.
// Source: https://learn.microsoft.com/graph/api/resources/unifiedroleassignment and unifiedroledefinition.
var (
	assignmentFilters = []string{"id: eq in", "principalId: eq in", "roleDefinitionId: eq in", "directoryScopeId: eq in", "appScopeId: eq in"}
	definitionFilters = []string{"id: eq in", "displayName: eq in startswith", "isBuiltIn bool: eq in", "templateId: eq in"}
)
