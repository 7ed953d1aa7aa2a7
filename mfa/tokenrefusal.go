package mfa

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"

	"github.com/entramfa/entramfa/internal/guid"
)

// How the token endpoint says why it refuses.

var aadstsNumber = regexp.MustCompile(`AADSTS(\d{1,9})`)

// refusalCodes returns the numbers of error_codes, else the one with which the description begins.
func refusalCodes(body tokenBody) []int {
	var codes []int
	if json.Unmarshal(body.Codes, &codes) == nil && len(codes) > 0 {
		return codes
	}
	found := aadstsNumber.FindStringSubmatch(body.Description)
	if found == nil {
		return nil
	}
	code, _ := strconv.Atoi(found[1]) // nine digits at most
	return []int{code}
}

// demandedPolicies is how claims names policies.
type demandedPolicies struct {
	AccessToken struct {
		CAPolicyIDs policyClaim `json:"capolids"`
		PolicyIDs   policyClaim `json:"polids"` // the older name
	} `json:"access_token"`
}

type policyClaim struct {
	Values []string `json:"values"`
}

// refusalPolicies returns the ids in claims, which is JSON in a JSON string. What is
// no id is left out, and so is what holds the password: an id can't be scrubbed.
func refusalPolicies(claims json.RawMessage, password Secret) []string {
	var text string
	var demanded demandedPolicies
	if json.Unmarshal(claims, &text) != nil || json.Unmarshal([]byte(text), &demanded) != nil {
		return nil
	}
	ids := slices.Concat(demanded.AccessToken.CAPolicyIDs.Values, demanded.AccessToken.PolicyIDs.Values)
	var distinct []string
	for _, id := range ids {
		if guid.Is(id) && password.scrub(id) == id && !containsFold(distinct, id) {
			distinct = append(distinct, id)
		}
	}
	return distinct
}
