package main

import (
	"context"
	"fmt"
	"os"
)

func Example() {
	if err := run(context.Background(), "", "svc@contoso.com", os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// svc@contoso.com: mfa, always
	//   Per-user MFA: mfa, always: set the account's per-user MFA to disabled; Microsoft advises against it beside Conditional Access
}
