package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// WhatIfResult is what the What If API says of one policy: the whole policy,
// and whether it applies.
// Source: https://learn.microsoft.com/graph/api/resources/whatifanalysisresult.
type WhatIfResult struct {
	Policy
	// PolicyApplies is nil where the answer didn't say.
	PolicyApplies *bool
	// AnalysisReasons says why the policy doesn't apply; notSet where it does.
	AnalysisReasons AnalysisReasons
}

// UnmarshalJSON reads the policy as Policy does, and what the API adds to it.
func (r *WhatIfResult) UnmarshalJSON(text []byte) error {
	*r = WhatIfResult{}
	rest, err := split(text, map[string]any{"policyApplies": &r.PolicyApplies, "analysisReasons": &r.AnalysisReasons})
	if err != nil {
		return err
	}
	return json.Unmarshal(rest, &r.Policy)
}

// MarshalJSON writes the policy, and behind it what the API adds to it.
func (r WhatIfResult) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(r.Policy)
	if err != nil {
		return nil, err
	}
	applies, err := json.Marshal(r.PolicyApplies)
	if err != nil {
		return nil, err
	}
	reasons, err := json.Marshal(r.AnalysisReasons)
	if err != nil {
		return nil, err
	}
	start := bytes.TrimSuffix(text, []byte("}"))
	if len(start) > 1 {
		start = append(start, ',')
	}
	return fmt.Appendf(start, `"policyApplies":%s,"analysisReasons":%s}`, applies, reasons), nil
}

// split reads some members of an object and returns the object without them.
func split(text []byte, members map[string]any) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("an object is wanted, not %.20s", text)
	}
	rest := []byte{'{'}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, err
		}
		if target, ours := members[name.(string)]; ours {
			if err := json.Unmarshal(raw, target); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			continue
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		key, _ := json.Marshal(name) // a string always marshals
		rest = append(append(append(rest, key...), ':'), raw...)
	}
	return append(rest, '}'), nil
}

// AnalysisReasons says why a policy doesn't apply: flags of the enumeration
// whatIfAnalysisReasons, joined by commas. The API names the first reason that
// it finds, in an order of its own. A value that Microsoft adds later stays what it was.
// Source: https://learn.microsoft.com/graph/api/resources/whatifanalysisresult.
type AnalysisReasons string

// The members of AnalysisReasons.
const (
	AnalysisNotSet                AnalysisReasons = "notSet"
	AnalysisNotEnoughInformation  AnalysisReasons = "notEnoughInformation"
	AnalysisInvalidCondition      AnalysisReasons = "invalidCondition"
	AnalysisUsers                 AnalysisReasons = "users"
	AnalysisWorkloadIdentities    AnalysisReasons = "workloadIdentities"
	AnalysisApplication           AnalysisReasons = "application"
	AnalysisUserActions           AnalysisReasons = "userActions"
	AnalysisAuthenticationContext AnalysisReasons = "authenticationContext"
	AnalysisDevicePlatform        AnalysisReasons = "devicePlatform"
	AnalysisDevices               AnalysisReasons = "devices"
	AnalysisClientApps            AnalysisReasons = "clientApps"
	AnalysisLocation              AnalysisReasons = "location"
	AnalysisSignInRisk            AnalysisReasons = "signInRisk"
	AnalysisEmptyPolicy           AnalysisReasons = "emptyPolicy"
	AnalysisInvalidPolicy         AnalysisReasons = "invalidPolicy"
	AnalysisPolicyNotEnabled      AnalysisReasons = "policyNotEnabled"
	AnalysisUserRisk              AnalysisReasons = "userRisk"
	AnalysisTime                  AnalysisReasons = "time"
	AnalysisInsiderRisk           AnalysisReasons = "insiderRisk"
	AnalysisAuthenticationFlow    AnalysisReasons = "authenticationFlow"
	AnalysisAgentIDRisk           AnalysisReasons = "agentIdRisk"     // beta
	AnalysisAgentIdentities       AnalysisReasons = "agentIdentities" // beta
)

// Values returns the reasons without spaces; none for the empty text.
func (r AnalysisReasons) Values() []AnalysisReasons {
	var values []AnalysisReasons
	for _, value := range Flags(r).Values() {
		values = append(values, AnalysisReasons(value))
	}
	return values
}

// Has says whether a reason is among them.
func (r AnalysisReasons) Has(reason AnalysisReasons) bool {
	return slices.ContainsFunc(r.Values(), func(v AnalysisReasons) bool { return strings.EqualFold(string(v), string(reason)) })
}
