package notify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/store"
)

// authority signs the certificates of the mail servers of these tests; it is the only root that the process trusts.
var authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// TestMain makes the system's roots before anybody has looked at them.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "roots")
	if err != nil {
		panic(err)
	}
	authority.cert, authority.key, err = certificate(nil, nil)
	if err != nil {
		panic(err)
	}
	file := filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.cert.Raw}), 0o600); err != nil {
		panic(err)
	}
	if err := os.Setenv("SSL_CERT_FILE", file); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// certificate makes a certificate for a name, signed by an authority; without names it makes an authority.
func certificate(names []string, key *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "made up"}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	parent, signer := authority.cert, key
	if len(names) == 0 {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
		parent, signer = c, own
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, parent, own.Public(), signer)
	if err != nil {
		return nil, nil, err
	}
	made, err := x509.ParseCertificate(raw)
	return made, own, err
}

// papers are the certificate of a server of some name.
func papers(t *testing.T, name string) *tls.Config {
	t.Helper()
	c, key, err := certificate([]string{name}, authority.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{c.Raw}, PrivateKey: key}}}
}

// TestMailIsHandedInOverTLS: by STARTTLS, or from the first byte. Where there is no TLS, or its certificate is another
// host's, neither the mail nor the password leaves; a host that the operator allows may do without, but what it offers must
// hold.
func TestMailIsHandedInOverTLS(t *testing.T) {
	const name = "mail.example"
	for what, c := range map[string]struct {
		smtp    string
		offers  string // the name of the certificate of STARTTLS
		first   string // the name of the certificate with which a connection begins
		allowed bool
		secured int // the password and the mail
		clear   int
	}{
		"STARTTLS":                            {smtp: "smtp://ann@" + name + ":587", offers: name, secured: 2},
		"STARTTLS, another host's":            {smtp: "smtp://ann@" + name + ":587", offers: "other.example"},
		"no STARTTLS":                         {smtp: "smtp://ann@" + name + ":587"},
		"TLS from the first byte":             {smtp: "smtps://ann@" + name + ":465", first: name, secured: 2},
		"TLS from the first byte, another's":  {smtp: "smtps://ann@" + name + ":465", first: "other.example"},
		"no TLS where it is from the first":   {smtp: "smtps://ann@" + name + ":465"},
		"an allowed host with STARTTLS":       {smtp: "smtp://ann@" + name + ":587", offers: name, allowed: true, secured: 2},
		"an allowed host, another's STARTTLS": {smtp: "smtp://ann@" + name + ":587", offers: "other.example", allowed: true},
	} {
		t.Run(what, func(t *testing.T) {
			o := &postOffice{}
			if c.offers != "" {
				o.offers = papers(t, c.offers)
			}
			if c.first != "" {
				o.first = papers(t, c.first)
			}
			o.open(t)
			var allow []string
			if c.allowed {
				allow = []string{name}
			}
			h := newHouseBehind(t, outbound.Options{Allow: allow, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", o.Addr().String())
			}})
			a := h.alarm(map[string]string{"smtp": c.smtp, "password": "made-up", "from": "a@example.com", "to": "b@example.com"},
				store.Rule{Channel: "email"})
			err := h.news.TestAlarm(t.Context(), all, a.ID)
			o.mu.Lock()
			defer o.mu.Unlock()
			if (err == nil) != (len(o.mails) == 1) || (err == nil) != (c.secured+c.clear == 2) || o.secured != c.secured || o.clear != c.clear {
				t.Errorf("%v; %d mails, of mails and passwords %d over TLS and %d in clear, want %d and %d", err, len(o.mails), o.secured, o.clear, c.secured, c.clear)
			}
		})
	}
}
