package graphfake_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// FuzzDirectoryWrites sends any body to the calls that write the directory: each is
// answered, with an error body where it is refused.
func FuzzDirectoryWrites(f *testing.F) {
	for _, body := range []string{
		newUser, newGroup, `{"displayName":"A"}`, `{"appId":"00000002-0000-0ff1-ce00-000000000000"}`, ref("u"), `{"passwordCredential":{}}`,
		`{"members@odata.bind":["https://graph.microsoft.com/v1.0/users/u"]}`, `{"groupTypes":[null]}`, `{"identities":[7]}`, `{"keyCredentials":[{}]}`,
		`{"userType":{},"businessPhones":[null]}`, `{"principalId":"sp","resourceId":"sp","appRoleId":"sp"}`, `{"api":{"x":[]}}`, `{"":null}`, `{"a@b":1}`,
	} {
		f.Add(body)
	}
	calls := []string{
		"POST /v1.0/users", "PATCH /v1.0/users/u", "PUT /v1.0/users/u/manager/$ref", "POST /v1.0/groups", "PATCH /v1.0/groups/g",
		"POST /v1.0/groups/g/owners/$ref", "POST /v1.0/users/u/checkMemberGroups", "POST /v1.0/users/u/getMemberObjects", "POST /v1.0/directoryRoles",
		"POST /v1.0/applications", "POST /v1.0/servicePrincipals", "POST /v1.0/servicePrincipals/sp/appRoleAssignments",
		"POST /v1.0/directory/deletedItems/u/restore", "POST /v1.0/directoryObjects/getByIds", "PATCH /v1.0/me",
	}
	f.Fuzz(func(t *testing.T, body string) {
		tenant := contoso(t)
		tenant.AddUser(mfa.User{ID: "u", UserPrincipalName: "u@contoso.com"})
		tenant.AddGroup(policy.Group{ID: "g", SecurityEnabled: new(true)})
		token := tenant.Token(writer...)
		for _, call := range calls {
			method, path, _ := strings.Cut(call, " ")
			request := httptest.NewRequest(method, path, strings.NewReader(body))
			request.Header.Set("Authorization", "Bearer "+token)
			answer := httptest.NewRecorder()
			tenant.ServeHTTP(answer, request)
			if answer.Code >= http.StatusInternalServerError || answer.Code >= 400 && !strings.Contains(answer.Body.String(), `"message"`) {
				t.Fatalf("%s: %d %s", call, answer.Code, answer.Body)
			}
		}
		tenant.Snapshot()
	})
}
