package open

import (
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/policy"
)

// Embedded reads a tenant that a program carries with it, in a folder of its own.
func Embedded(files fs.FS, folder string) (*graphfake.Tenant, error) {
	sub, err := fs.Sub(files, folder)
	if err != nil {
		return nil, err
	}
	return graphfake.Load(sub)
}

// AddPolicies adds the policies of a program's policies.json, as Graph gives them.
func AddPolicies(t *graphfake.Tenant, text []byte) error {
	var policies []policy.Policy
	if err := json.Unmarshal(text, &policies); err != nil {
		return fmt.Errorf("policies.json: %w", err)
	}
	for _, p := range policies {
		if _, err := t.AddPolicy(p); err != nil {
			return fmt.Errorf("policies.json: %s: %w", p.DisplayName, err)
		}
	}
	return nil
}
