package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/entramfa/entramfa/examples/internal/open"
)

// certificateLife is how long the certificates are valid. Some systems refuse a
// server's that is valid for more than 825 days: https://support.apple.com/103769.
const certificateLife = 30 * 24 * time.Hour

// authority signs the server's certificate. Its key is in memory alone, and is
// dropped when the server's certificate is made.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := newTemplate("fakegraph test authority", now)
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	text, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(text)
	return &authority{key, certificate}, err
}

func newTemplate(name string, now time.Time) *x509.Certificate {
	serial := make([]byte, 16)
	rand.Read(serial) // never fails
	serial[0] &= 0x7f // a serial number is positive
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
	}
}

// server makes the certificate of a server with these names and addresses.
func (a *authority) server(names []string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := newTemplate(names[0], now)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	text, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{text, a.certificate.Raw}, PrivateKey: key}, err
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// publish writes the authority's certificate where a client can read it, and returns
// the path; without a path it is a temporary file, which remove takes away.
func (a *authority) publish(path string) (where string, remove func(), err error) {
	if path != "" {
		if where, err = filepath.Abs(path); err == nil {
			err = replaceCertificate(where, a.pem())
		}
		return where, func() {}, err
	}
	folder, err := os.MkdirTemp("", "fakegraph-")
	if err != nil {
		return "", nil, err
	}
	where = filepath.Join(folder, "ca.pem")
	return where, func() { os.RemoveAll(folder) }, os.WriteFile(where, a.pem(), 0o644)
}

// replaceCertificate writes a certificate, over nothing but another one.
func replaceCertificate(path string, text []byte) error {
	before, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return open.Wrong("-ca: %v", err)
	case !bytes.HasPrefix(before, []byte("-----BEGIN CERTIFICATE-----")):
		return open.Wrong("-ca: %s is there, and no certificate: it is left alone", path)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return open.Wrong("-ca: %v", err)
	}
	return nil
}
