// Package hashicorp drives graphfake with the clients behind Terraform's providers for
// Microsoft Entra: github.com/hashicorp/go-azure-sdk and its ancestor
// github.com/manicminer/hamilton, unmodified and over TLS. It is a module of its own,
// so that who imports entramfa requires neither.
package hashicorp
