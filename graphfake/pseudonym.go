package graphfake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/internal/builtinrole"
	"github.com/entramfa/entramfa/internal/guid"
)

// pseudonyms replace what tells whose tenant it is: names, ids, addresses, numbers. The
// same key gives the same text the same name, and without the key nobody comes back.
type pseudonyms struct{ key []byte }

// verbatim are members whose texts are words of Graph, not of the tenant.
var verbatim = setOf(
	"@odata.type", "@odata.context",
	// policies
	"state", "operator", "builtInControls", "clientAppTypes", "signInRiskLevels", "userRiskLevels", "servicePrincipalRiskLevels",
	"insiderRiskLevels", "agentIdRiskLevels", "includePlatforms", "excludePlatforms", "includeUserActions", "transferMethods",
	"includeAuthenticationContextClassReferences", "mode", "type", "value", "frequencyInterval", "authenticationType", "cloudAppSecurityType",
	"guestOrExternalUserTypes", "membershipKind", "templateId", "secureSignInSession", "continuousAccessEvaluation",
	// locations and strengths
	"countriesAndRegions", "countryLookupMethod", "policyType", "requirementsSatisfied", "allowedCombinations",
	// accounts
	"userType", "creationType", "externalUserState", "passwordPolicies", "perUserMfaState", "phoneType", "groupTypes", "visibility",
	// licences
	"capabilityStatus", "skuPartNumber", "skuId", "servicePlanId", "servicePlanName", "provisioningStatus", "appliesTo",
	// domains and tenants
	"authenticationType", "supportedServices", "tenantType", "countryLetterCode", "defaultUsageLocation",
)

// words are what stands in the place of an id.
var words = setOf("All", "None", "GuestsOrExternalUsers", "Office365", "MicrosoftAdminPortals", "AllTrusted", "AllAgentIdUsers", "AllAgentIdResources",
	"ServicePrincipalsInMyTenant", "/", "User", "Member", "Guest")

// prefixes are the beginnings of names that say what something is.
var prefixes = []string{"Microsoft-managed:", "Baseline Security Mode:", "[SharePoint admin center]", "Baseline policy:"}

// firstParty are applications of Microsoft's that the endings of their ids don't give away.
var firstParty = setOf("797f4846-ba00-4fd7-ba43-dac1f8f63013", "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
	"e9f49c6b-5ce5-44c8-925d-015017e9f7ad", "f5c26e74-f226-4ae8-85f0-b4af0080ac9e", "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5")

func setOf(names ...string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[fold(name)] = true
	}
	return set
}

// of replaces in a value of JSON that stands in a member of this name.
func (p pseudonyms) of(name string, value any) any {
	switch value := value.(type) {
	case string:
		return p.text(name, value)
	case []any:
		for i := range value {
			value[i] = p.of(name, value[i])
		}
	case map[string]any:
		for inner := range value {
			value[inner] = p.of(inner, value[inner])
		}
	}
	return value
}

// text replaces a text.
func (p pseudonyms) text(name, text string) string {
	switch {
	case text == "", verbatim[fold(name)], words[fold(text)], isTime(name):
		return text
	case guid.Is(text):
		return p.id(text)
	case strings.Contains(text, "@"):
		return p.account(text)
	case strings.HasSuffix(fold(name), "phone") || strings.HasSuffix(fold(name), "phones") || fold(name) == "phonenumber":
		return p.number(text)
	case fold(name) == "rule":
		return p.rule(text)
	case name == "domain":
		return p.domain(text)
	}
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return netip.PrefixFrom(p.address(prefix.Addr()), prefix.Bits()).Masked().String()
	}
	if address, err := netip.ParseAddr(text); err == nil {
		return p.address(address).String()
	}
	return p.name(text)
}

// isTime says whether a member holds a date.
func isTime(name string) bool { return strings.HasSuffix(name, "DateTime") }

// sum is what a text becomes under the key, in a room of its own for each use.
func (p pseudonyms) sum(use, text string) []byte {
	mac := hmac.New(sha256.New, p.key)
	fmt.Fprintf(mac, "%s\x00%s", use, text)
	return mac.Sum(nil)
}

// name keeps what a name begins with where that says what it is.
func (p pseudonyms) name(text string) string {
	for _, prefix := range prefixes {
		if rest, ok := cutPrefixFold(text, prefix); ok {
			return prefix + " " + p.name(strings.TrimSpace(rest))
		}
	}
	return fmt.Sprintf("Name %x", p.sum("name", fold(text))[:6])
}

func cutPrefixFold(text, prefix string) (string, bool) {
	if !hasPrefixFold(text, prefix) {
		return text, false
	}
	return text[len(prefix):], true
}

// id keeps the ids that every tenant has.
func (p pseudonyms) id(id string) string {
	folded := fold(id)
	switch {
	case builtinrole.Name(folded) != "", firstParty[folded],
		strings.HasPrefix(folded, "00000000-0000-0000-0000-"),
		strings.HasSuffix(folded, "-0000-c000-000000000000"), strings.HasSuffix(folded, "-0000-0ff1-ce00-000000000000"):
		return id
	}
	sum := p.sum("id", folded)
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80 // version 4, RFC 9562
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// account replaces a user principal name or an address of mail. What tells an account
// of a synchronization or a guest stays.
func (p pseudonyms) account(text string) string {
	local, domain, _ := strings.Cut(text, "@")
	kept := ""
	for _, prefix := range []string{"Sync_", "ADToAADSyncServiceAccount"} {
		if _, ok := cutPrefixFold(local, prefix); ok {
			kept = prefix
		}
	}
	if strings.EqualFold(kept, local) {
		return local + "@" + p.domain(domain)
	}
	name := fmt.Sprintf("%sa%x", kept, p.sum("account", fold(local))[:6])
	if strings.Contains(local, "#EXT#") {
		name += "#EXT#"
	}
	return name + "@" + p.domain(domain)
}

// domain keeps whether a domain is one of Microsoft's.
func (p pseudonyms) domain(text string) string {
	ending := ".example"
	if strings.HasSuffix(fold(text), ".onmicrosoft.com") {
		ending = ".onmicrosoft.com"
	}
	return fmt.Sprintf("d%x%s", p.sum("domain", fold(text))[:6], ending)
}

// number replaces the digits of a phone number behind its country code.
func (p pseudonyms) number(text string) string {
	code, local, apart := strings.Cut(text, " ")
	if !apart {
		code, local = "", text
	}
	sum, at := p.sum("number", text), 0
	replaced := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return r
		}
		at++
		return '0' + rune(sum[at%len(sum)]%10)
	}, local)
	return strings.TrimSpace(code + " " + replaced)
}

// quotedText is a text within a rule of a device filter.
var quotedText = regexp.MustCompile(`"[^"]*"`)

// rule replaces the texts in a rule, and leaves its words.
func (p pseudonyms) rule(text string) string {
	return quotedText.ReplaceAllStringFunc(text, func(quoted string) string {
		inner := quoted[1 : len(quoted)-1]
		if slices.ContainsFunc([]string{"true", "false", "AzureAD", "ServerAD", "Workplace", "Windows", "iOS", "Android", "macOS", "Company", "Personal"},
			func(word string) bool { return strings.EqualFold(word, inner) }) {
			return quoted
		}
		return `"` + p.text("", inner) + `"`
	})
}

// address replaces an address so that a range goes on to hold what it held: two
// addresses that begin with the same bits do so afterwards. What isn't public stays in
// its range.
// Source: Xu and others, Prefix-Preserving IP Address Anonymization, 2002.
func (p pseudonyms) address(a netip.Addr) netip.Addr {
	octets := a.AsSlice()
	kept := keptBits(a)
	replaced := slices.Clone(octets)
	for bit := kept; bit < len(octets)*8; bit++ {
		sum := p.sum("address", fmt.Sprint(a.BitLen(), bit, prefixBits(octets, bit)))
		replaced[bit/8] ^= (sum[0] & 1) << (7 - bit%8)
	}
	mapped, _ := netip.AddrFromSlice(replaced)
	return mapped
}

// keptBits are the first bits of an address that say of what kind it is.
func keptBits(a netip.Addr) int {
	switch {
	case a.Is6() && a.AsSlice()[0]>>5 == 1: // 2000::/3 is global unicast
		return 3
	case a.Is6():
		return 16
	}
	switch a.AsSlice()[0] {
	case 100, 169, 172, 192, 198, 203: // hold ranges that are not public
		return 16
	}
	return 8
}

// prefixBits writes the first bits of an address.
func prefixBits(octets []byte, bits int) string {
	masked := slices.Clone(octets[:(bits+7)/8])
	if rest := bits % 8; rest != 0 {
		masked[len(masked)-1] &= 0xff << (8 - rest)
	}
	return string(masked)
}

// object replaces in a resource.
func (p pseudonyms) object(resource any) object {
	var value any
	if err := json.Unmarshal(raw(resource), &value); err != nil {
		panic("graphfake: " + err.Error()) // it was written just now
	}
	return objectOf(p.of("", value))
}
