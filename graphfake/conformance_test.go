package graphfake_test

import (
	"testing"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/internal/conformance"
	"github.com/entramfa/entramfa/mfa"
)

func TestWriteConformance(t *testing.T) {
	conformance.RunWrites(t, func(t *testing.T, tenant *graphfake.Tenant) mfa.ReadWriter { return tenant })
}

func TestConformance(t *testing.T) {
	conformance.Run(t, func(t *testing.T, tenant *graphfake.Tenant) mfa.Reader { return tenant })
}

func TestEnrolmentConformance(t *testing.T) {
	conformance.RunEnrolment(t, func(t *testing.T, tenant *graphfake.Tenant) mfa.Enroller { return tenant })
}
