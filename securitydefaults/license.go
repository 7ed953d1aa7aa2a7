package securitydefaults

import (
	"slices"
	"strings"

	"github.com/entramfa/entramfa/internal/openjson"
)

// Service plans that carry Conditional Access. They are compared by id, for
// names differ between clouds.
// Source: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference.
const (
	PlanEntraP1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d" // AAD_PREMIUM
	PlanEntraP2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998" // AAD_PREMIUM_P2
)

// SubscribedSKU is a product that the tenant has bought.
// Source: https://learn.microsoft.com/graph/api/resources/subscribedsku.
type SubscribedSKU struct {
	ID            string `json:"id"`
	SKUID         string `json:"skuId"`
	SKUPartNumber string `json:"skuPartNumber"`
	// CapabilityStatus is Enabled, Warning, Suspended, Deleted or LockedOut.
	CapabilityStatus string        `json:"capabilityStatus"`
	ServicePlans     []ServicePlan `json:"servicePlans"`

	members openjson.Members
}

// ServicePlan is one service within a product.
type ServicePlan struct {
	ServicePlanID      string `json:"servicePlanId"`
	ServicePlanName    string `json:"servicePlanName"`
	ProvisioningStatus string `json:"provisioningStatus"`
	AppliesTo          string `json:"appliesTo"`

	members openjson.Members
}

// Licensed says whether one of the products carries one of the service plans
// and is in force. It says nothing about policies: those made while a licence
// was there, and Microsoft's own, stand without one.
func Licensed(skus []SubscribedSKU, plans ...string) bool {
	return slices.ContainsFunc(skus, func(sku SubscribedSKU) bool {
		return inForce(sku) && slices.ContainsFunc(sku.ServicePlans, func(plan ServicePlan) bool {
			return strings.EqualFold(plan.ProvisioningStatus, "Success") &&
				slices.ContainsFunc(plans, func(id string) bool { return strings.EqualFold(id, plan.ServicePlanID) })
		})
	})
}

func inForce(sku SubscribedSKU) bool {
	return strings.EqualFold(sku.CapabilityStatus, "Enabled") || strings.EqualFold(sku.CapabilityStatus, "Warning")
}

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (s *SubscribedSKU) UnmarshalJSON(text []byte) (err error) {
	s.members, err = openjson.Decode(text, s)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (s SubscribedSKU) MarshalJSON() ([]byte, error) { return openjson.Encode(s, s.members) }

// UnmarshalJSON keeps unknown members for MarshalJSON.
func (p *ServicePlan) UnmarshalJSON(text []byte) (err error) {
	p.members, err = openjson.Decode(text, p)
	return err
}

// MarshalJSON writes what was decoded, with the fields as they are now.
func (p ServicePlan) MarshalJSON() ([]byte, error) { return openjson.Encode(p, p.members) }
