package msgraph_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

// credentialFor signs an application of the tenant in with its secret. For a real
// tenant the options are nil: Transport leads to the one in memory.
func credentialFor(tenant *graphfake.Tenant, application, secret string) azcore.TokenCredential {
	cred, err := azidentity.NewClientSecretCredential(tenant.ID(), application, secret,
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions:            azcore.ClientOptions{Transport: tenant.Client()},
			DisableInstanceDiscovery: true,
		})
	if err != nil {
		log.Fatal(err)
	}
	return cred
}

// exampleTenant has one account, whose per-user MFA is enforced, and one application.
func exampleTenant(expires time.Time) (tenant *graphfake.Tenant, application string) {
	tenant = &graphfake.Tenant{}
	tenant.AddUser(mfa.User{UserPrincipalName: "svc@contoso.com", DisplayName: "Connection account"})
	if err := tenant.SetPerUserState("svc@contoso.com", mfa.PerUserEnforced); err != nil {
		log.Fatal(err)
	}
	required, optional := msgraph.Permissions()
	application = tenant.AddApplication(graphfake.Application{
		Secret: "a secret", SecretExpires: expires, Permissions: append(required, optional...),
	})
	return tenant, application
}

func ExampleConnect() {
	tenant, application := exampleTenant(time.Time{})
	cred := credentialFor(tenant, application, "a secret")

	// Against the real Graph the options are nil, or name a national cloud.
	reader, err := msgraph.Connect(cred, &msgraph.Options{HTTPClient: tenant.Client()})
	if err != nil {
		log.Fatal(err)
	}
	report, err := mfa.Check(context.Background(), reader, "svc@contoso.com", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Outcome, report.Extent)
	// Output: mfa always
}

func ExampleNew() {
	tenant, application := exampleTenant(time.Time{})
	auth, err := authentication.NewAzureIdentityAuthenticationProvider(credentialFor(tenant, application, "a secret"))
	if err != nil {
		log.Fatal(err)
	}
	// Who has a GraphServiceClient of msgraph-sdk-go takes client.GetAdapter().
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		auth, core.GraphClientOptions{}, nil, nil, tenant.Client())
	if err != nil {
		log.Fatal(err)
	}
	reader := msgraph.New(adapter, nil)
	state, err := reader.Requirements(context.Background(), "svc@contoso.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(state.PerUserMFAState)
	// Output: enforced
}

// Every error is an *entramfa.GraphError and has a kind that a program acts on.
func Example_expiredSecret() {
	tenant, application := exampleTenant(time.Now().Add(-time.Hour))
	reader, err := msgraph.Connect(credentialFor(tenant, application, "a secret"), &msgraph.Options{HTTPClient: tenant.Client()})
	if err != nil {
		log.Fatal(err)
	}
	_, err = reader.SecurityDefaults(context.Background())
	var graph *entramfa.GraphError
	if errors.As(err, &graph) && errors.Is(err, entramfa.ErrUnauthenticated) {
		fmt.Println(graph.Code + ": " + graph.Message)
	}
	// Output: AADSTS7000222: the client secret has expired; make a new one in the app registration and use it
}

func ExamplePermissions() {
	required, optional := msgraph.Permissions()
	fmt.Println("required:", strings.Join(required, ", "))
	fmt.Println("optional:", strings.Join(optional, ", "))
	// Output:
	// required: Policy.Read.All, User.Read.All, GroupMember.Read.All, RoleManagement.Read.Directory
	// optional: UserAuthenticationMethod.Read.All, LicenseAssignment.Read.All, Domain.Read.All, Directory.Read.All, AuditLog.Read.All, PrivilegedEligibilitySchedule.Read.AzureADGroup
}
