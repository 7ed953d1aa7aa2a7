package msgraph

import "context"

// Lock waits until no other plan changes the tenant through this client, or the
// context ends: mfa.Apply and mfa.Rollback call it. Two clients know nothing of each
// other; then what they read before and after each write tells.
func (c *Client) Lock(ctx context.Context) (unlock func(), err error) {
	select {
	case c.turn <- struct{}{}:
		return func() { <-c.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
