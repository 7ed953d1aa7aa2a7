package msgraph

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/entramfa/entramfa/policy"
)

var _ policy.Evaluator = (*Client)(nil)

const evaluatePath = "/identity/conditionalAccess/evaluate"

// WhatIf asks the What If API which policies would apply to a sign-in. The call
// is a POST that changes nothing, so it is repeated like every read. It asks
// v1.0, which may leave out policies that use what only beta knows. It needs
// Policy.Read.ConditionalAccess or Policy.Read.All.
// Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-evaluate.
func (c *Client) WhatIf(ctx context.Context, question policy.WhatIf) ([]policy.WhatIfResult, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	r := request{version: v1, method: http.MethodPost, template: evaluatePath, path: evaluatePath, body: body}
	return list[policy.WhatIfResult](ctx, c, r.headed("Prefer", "include-unknown-enum-members"))
}
