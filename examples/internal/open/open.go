// Package open opens the tenant that an example's command line names: a real
// one, or a folder of exported JSON.
package open

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/examples/internal/layout"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

// errUsage: what the user gave is wrong, and the user's to mend.
var errUsage = errors.New("usage")

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

// validCloud says whether there is a cloud of this name.
func validCloud(name string) error {
	if _, known := clouds()[name]; !known {
		return Wrong("no cloud %q; there are public, usgov, dod and china", name)
	}
	return nil
}

// signIn signs in to a real tenant. DefaultAzureCredential hands TenantID to the
// Azure CLI and its like alone; an application's secret or certificate goes by
// AZURE_TENANT_ID, which the tenant therefore stands in for: else the answer could
// be about another one.
func signIn(tenant, cloud string) (*msgraph.Client, error) {
	where := clouds()[cloud]
	if err := os.Setenv("AZURE_TENANT_ID", tenant); err != nil {
		return nil, err
	}
	credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: policy.ClientOptions{Cloud: where.login},
		TenantID:      tenant,
	})
	if err != nil {
		return nil, Wrong("sign in: %v", err)
	}
	return msgraph.Connect(credential, &msgraph.Options{Cloud: where.graph})
}

// exportError says that a folder can't be read as an export: the user's to mend,
// like a wrong flag.
type exportError struct{ error }

func (e *exportError) Unwrap() error        { return e.error }
func (e *exportError) Is(target error) bool { return target == errUsage }

// folders reads folders of exported tenant JSON as one export, and says on
// stderr which files hold nothing of use.
func folders(names []string, stderr io.Writer) (*graphfake.Tenant, error) {
	var systems []fs.FS
	for _, folder := range names {
		info, err := os.Stat(folder)
		switch {
		case err != nil:
			return nil, Wrong("-load: %v", err)
		case !info.IsDir():
			return nil, Wrong("-load: %s is no folder", folder)
		}
		systems = append(systems, os.DirFS(folder))
	}
	tenant, err := graphfake.Load(systems...)
	if err != nil {
		return nil, &exportError{err}
	}
	if skipped := tenant.Skipped(); len(skipped) > 0 {
		fmt.Fprintf(stderr, "%s nothing that is asked for: %s\n", layout.Count(len(skipped), "file holds", "files hold"), summary(skipped))
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

// Status turns an error into the exit status of a program: 64 for usage or no
// such account, 2 where the answer can't be told, 69 where Graph can't be
// reached or gives no token. 64 and 69 are those of sysexits.h.
func Status(err error) int {
	switch {
	case errors.Is(err, errUsage), errors.Is(err, entramfa.ErrNotFound), errors.Is(err, entramfa.ErrAmbiguous):
		return 64
	case errors.Is(err, entramfa.ErrPermission), errors.Is(err, entramfa.ErrNotRead):
		return 2
	}
	return 69
}

// Stopped says that changes were refused by a guard or by the service, or interrupted:
// no matter of the command line, nor one of reaching Graph.
func Stopped(err error) bool {
	var refused *mfa.RefusedError
	var change *mfa.ChangeError
	switch {
	case errors.As(err, &refused), errors.Is(err, context.Canceled):
		return true
	case errors.Is(err, entramfa.ErrUnavailable), errors.Is(err, entramfa.ErrThrottled), errors.Is(err, entramfa.ErrUnauthenticated):
		return false
	}
	return errors.As(err, &change)
}
