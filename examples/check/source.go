package main

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

//go:embed tenant
var embedded embed.FS

// embeddedAccounts are one account of each kind of verdict: clear, MFA demanded
// by several sources at once, blocked, and one that can't be told.
func embeddedAccounts() []string {
	return []string{
		"svc-backup@contoso.com",
		"Cloud App Security Service Account for SharePoint",
		"svc-directory@contoso.com",
		"svc-reports@contoso.com",
	}
}

// reader opens what the command line asks for: a real tenant, a folder, or the
// embedded tenant.
func (o options) reader(stderr io.Writer) (mfa.Reader, error) {
	switch {
	case o.tenant != "":
		return o.connect()
	case len(o.load) > 0:
		return loadFolders(o.load, stderr)
	}
	tenant, err := fs.Sub(embedded, "tenant")
	if err != nil {
		return nil, err
	}
	return graphfake.Load(tenant)
}

// exportError says that a folder can't be read as an export: the user's to mend,
// like a wrong flag.
type exportError struct{ error }

func (e *exportError) Unwrap() error        { return e.error }
func (e *exportError) Is(target error) bool { return target == errUsage }

func loadFolders(folders []string, stderr io.Writer) (mfa.Reader, error) {
	var systems []fs.FS
	for _, folder := range folders {
		info, err := os.Stat(folder)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: -load: %v", errUsage, err)
		case !info.IsDir():
			return nil, fmt.Errorf("%w: -load: %s is no folder", errUsage, folder)
		}
		systems = append(systems, os.DirFS(folder))
	}
	tenant, err := graphfake.Load(systems...)
	if err != nil {
		return nil, &exportError{err}
	}
	if skipped := tenant.Skipped(); len(skipped) > 0 {
		fmt.Fprintf(stderr, "check: %d files hold nothing that a check asks for: %s\n", len(skipped), summary(skipped))
	}
	return tenant, nil
}

// summary names the first few files.
func summary(files []string) string {
	const few = 3
	if len(files) > few {
		return strings.Join(files[:few], ", ") + ", ..."
	}
	return strings.Join(files, ", ")
}

// connect signs in to a real tenant. DefaultAzureCredential hands TenantID to the
// Azure CLI and its like alone; an application's secret or certificate goes by
// AZURE_TENANT_ID, which -tenant therefore stands in for: else the report could be
// about another tenant.
func (o options) connect() (mfa.Reader, error) {
	where := clouds()[o.cloud]
	if err := os.Setenv("AZURE_TENANT_ID", o.tenant); err != nil {
		return nil, err
	}
	credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: policy.ClientOptions{Cloud: where.login},
		TenantID:      o.tenant,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: sign in: %v", errUsage, err)
	}
	return msgraph.Connect(credential, &msgraph.Options{Cloud: where.graph})
}

// place is a cloud, in the words of azidentity and of msgraph.
type place struct {
	login cloud.Configuration
	graph msgraph.Cloud
}

func clouds() map[string]place {
	return map[string]place{
		"public": {cloud.AzurePublic, msgraph.Public},
		"usgov":  {cloud.AzureGovernment, msgraph.USGovernmentL4},
		"dod":    {cloud.AzureGovernment, msgraph.USGovernmentL5},
		"china":  {cloud.AzureChina, msgraph.China},
	}
}
