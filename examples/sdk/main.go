// Sdk shows the way in for a program that has a *GraphServiceClient of the
// official Graph SDK already: its adapter is all that a check needs.
//
//	go run ./examples/sdk
//	go run ./examples/sdk -tenant ID -account svc@contoso.com
//
// Without arguments the client talks to a tenant in memory; with -tenant it
// talks to a real one, signed in as DefaultAzureCredential finds. Building it
// takes minutes once: the SDK's models are large.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	msgraphsdk "github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

func main() {
	tenant := flag.String("tenant", "", "the `id` or domain of a real tenant; none means one in memory")
	account := flag.String("account", "svc@contoso.com", "the account")
	flag.Parse()
	if err := run(context.Background(), *tenant, *account, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sdk:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, tenant, account string, w io.Writer) error {
	client, err := connect(tenant)
	if err != nil {
		return err
	}
	// This line is the way in. Credentials, retries, tracing and proxy stay those of the client.
	reader := msgraph.New(client.GetAdapter(), nil)

	report, err := mfa.Check(ctx, reader, account, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %s, %s\n", report.Account.UserPrincipalName, report.Outcome, report.Extent)
	for _, f := range report.Findings {
		if f.Outcome != entramfa.Clear {
			fmt.Fprintf(w, "  %s: %s, %s: %s\n", f.Name, f.Outcome, f.Extent, f.Advice[0].Text)
		}
	}
	return nil
}

// connect makes the SDK's client, for a real tenant as its documentation says.
func connect(tenant string) (*msgraphsdk.GraphServiceClient, error) {
	if tenant == "" {
		return connectInMemory()
	}
	credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{TenantID: tenant})
	if err != nil {
		return nil, err
	}
	return msgraphsdk.NewGraphServiceClientWithCredentials(credential, nil)
}

// connectInMemory makes the same client and the same kind of credential, with
// a transport that ends in a tenant in memory.
func connectInMemory() (*msgraphsdk.GraphServiceClient, error) {
	fake, app, err := inMemory()
	if err != nil {
		return nil, err
	}
	credential, err := azidentity.NewClientSecretCredential(fake.ID(), app, "a secret of the example", &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{Transport: fake.Client(), Retry: azpolicy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		return nil, err
	}
	provider, err := authentication.NewAzureIdentityAuthenticationProvider(credential)
	if err != nil {
		return nil, err
	}
	adapter, err := msgraphsdk.NewGraphRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(provider, nil, nil, fake.Client())
	if err != nil {
		return nil, err
	}
	return msgraphsdk.NewGraphServiceClient(adapter), nil
}

// inMemory makes a tenant with one account, whose per-user MFA is enforced.
func inMemory() (*graphfake.Tenant, string, error) {
	fake := &graphfake.Tenant{}
	enabled, member := true, "Member"
	fake.AddDomain(mfa.Domain{ID: "contoso.com", AuthenticationType: "Managed"})
	fake.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Connection account", AccountEnabled: &enabled, UserType: &member})
	required, optional := msgraph.Permissions()
	app := fake.AddApplication(graphfake.Application{Secret: "a secret of the example", Permissions: append(required, optional...)})
	return fake, app, fake.SetPerUserState("svc@contoso.com", mfa.PerUserEnforced)
}
