package open

import (
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

// parsed reads the flags on a sign-in.
func parsed(t *testing.T, args ...string) SignIn {
	t.Helper()
	var s SignIn
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	s.Flags(flags)
	require.NoError(t, flags.Parse(args))
	return s
}

func TestASignInIsWhatTheFlagsSay(t *testing.T) {
	s := parsed(t, "-profile", "exchange", "-profile", "graph", "-from", "203.0.113.7", "-country", "NL", "-platform", "windows")
	require.NoError(t, s.Validate())
	profile := s.Profile()
	assert.Equal(t, []string{mfa.ExchangeOnline, mfa.MicrosoftGraph}, profile.Applications)
	assert.Equal(t, "203.0.113.7/32", profile.Addresses[0].String())
	assert.Equal(t, []string{"NL"}, profile.Countries)
	assert.Equal(t, []string{"windows"}, profile.Platforms)
	none := parsed(t)
	assert.Nil(t, none.Profile().Applications, "any resource")
	assert.Nil(t, none.Profile().Countries, "any country")
	assert.True(t, none.ToAnything())
	assert.False(t, s.ToAnything())
	resource := parsed(t, "-signs-in-to", mfa.MicrosoftGraph)
	assert.False(t, resource.ToAnything())
}

func TestASignInOfUnknownWordsIsRefused(t *testing.T) {
	for _, args := range [][]string{
		{"-signs-in-to", "portal"}, {"-signs-in-to", mfa.MicrosoftAdminPortals}, {"-platform", "widnows"},
		{"-country", "NLD"}, {"-country", "1a"}, {"-profile", "graph", "-signs-in-to", mfa.MicrosoftGraph},
	} {
		s := parsed(t, args...)
		assert.ErrorIs(t, s.Validate(), errUsage, "%v", args)
	}
	named := parsed(t, "-signs-in-to", mfa.MicrosoftAdminPortals)
	assert.NoError(t, named.Validate(mfa.MicrosoftAdminPortals))
}

func TestTheGranterIsThatOfTheTenant(t *testing.T) {
	var fake graphfake.Tenant
	s := Source{Tenant: "contoso.com", Cloud: "public"}
	granter, err := s.Granter(&fake)
	require.NoError(t, err)
	assert.Same(t, &fake, granter)
	granter, err = s.Granter(&msgraph.Client{})
	require.NoError(t, err)
	assert.IsType(t, &msgraph.PasswordGranter{}, granter)
	_, err = (&Source{Tenant: "organizations", Cloud: "public"}).Granter(&msgraph.Client{})
	assert.Error(t, err, "a password goes to no tenant that isn't named")
}
