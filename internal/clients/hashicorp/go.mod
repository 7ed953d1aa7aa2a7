module github.com/entramfa/entramfa/internal/clients/hashicorp

go 1.26.5

replace github.com/entramfa/entramfa => ../../..

require (
	github.com/entramfa/entramfa v0.0.0-00010101000000-000000000000
	github.com/hashicorp/go-azure-sdk/sdk v0.20260811.1225050
	github.com/manicminer/hamilton v0.44.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/hashicorp/go-azure-helpers v0.81.1 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.7 // indirect
	github.com/hashicorp/go-uuid v1.0.3 // indirect
	github.com/hashicorp/go-version v1.9.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.55.0 // indirect
	golang.org/x/oauth2 v0.36.0 // indirect
	software.sslmate.com/src/go-pkcs12 v0.7.3 // indirect
)
