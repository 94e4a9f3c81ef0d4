package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
)

// outsideOf serves with a certificate for a domain, or for an organisation, and returns a client that trusts it.
func outsideOf(t *testing.T, handler http.HandlerFunc, organisation string, until time.Time) (*client.Client, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := x509.OIDFromInts([]uint64{2, 23, 140, 1, 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	name := pkix.Name{CommonName: "localhost"}
	if organisation != "" {
		name.Organization = []string{organisation}
		if policy, err = x509.OIDFromInts([]uint64{2, 23, 140, 1, 2, 2}); err != nil {
			t.Fatal(err)
		}
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: name, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		Policies: []x509.OID{policy}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	address := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	c, err := client.New(address, gk.NewSecret("gk_key"))
	if err != nil {
		t.Fatal(err)
	}
	return c.Through(transport), address
}

// asWeDo answers as the server does where a callback or a push holds nothing.
func asWeDo(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/push/") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
	w.Header().Set("X-Robots-Tag", "noindex")
	w.WriteHeader(http.StatusBadRequest)
}

func TestDoctorLooksAtAddressesFromOutside(t *testing.T) {
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				t.Error("the key was sent to an address that needs none")
			}
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	soon, late := time.Now().Add(24*time.Hour), time.Now().Add(300*24*time.Hour)
	for name, c := range map[string]struct {
		handler      http.HandlerFunc
		organisation string
		until        time.Time
		want         map[string]string // end of a check's name = state and a part of its detail
	}{
		"all is well": {asWeDo, "Example Ltd", late, map[string]string{
			"callback from outside": "manual is on loopback", "push from outside": "manual is on loopback", "certificate of ": "ok is good until", " certificate": "ok names its organisation",
		}},
		"a domain's certificate, near its end": {asWeDo, "", soon, map[string]string{
			"certificate of ": "failed renew it", " certificate": "failed OV or EV",
		}},
		"a proxy's own page":    {status(200, "Content-Type", "text/html; charset=utf-8"), "", late, map[string]string{"callback from outside": "failed answers 200", "push from outside": "failed answers 200"}},
		"a proxy that asks":     {status(401, "WWW-Authenticate", "Basic"), "", late, map[string]string{"push from outside": "failed answers 401"}},
		"a redirect":            {status(301, "Location", "https://other.example/"), "", late, map[string]string{"callback from outside": "failed redirects"}},
		"another Host":          {status(421), "", late, map[string]string{"callback from outside": "failed pass the Host header on"}},
		"a frozen server":       {status(503), "", late, map[string]string{"callback from outside": "manual frozen", "push from outside": "manual frozen"}},
		"nobody behind a proxy": {status(502), "", late, map[string]string{"callback from outside": "failed does not reach the server"}},
	} {
		t.Run(name, func(t *testing.T) {
			remote, address := outsideOf(t, c.handler, c.organisation, c.until)
			checks := addressChecks(t.Context(), remote, []client.App{{ID: "app_1", Platform: "lazada", Callback: address + "/callback/app_1", Push: address + "/push/app_1"}}, time.Now(), name == "a frozen server")
			for part, want := range c.want {
				state, detail, _ := strings.Cut(want, " ")
				found := false
				for _, check := range checks {
					if !strings.HasSuffix(check.Name, part) && (part != "certificate of " || !strings.HasPrefix(check.Name, part)) {
						continue
					}
					if found = true; check.State != state || !strings.Contains(check.Detail, detail) {
						t.Errorf("%s is %s: %s; want %s", check.Name, check.State, check.Detail, want)
					}
				}
				if !found {
					t.Errorf("no check %q in %v", part, checks)
				}
			}
		})
	}
	c, err := client.New("http://127.0.0.1:1", gk.NewSecret("gk_key"))
	if err != nil {
		t.Fatal(err)
	}
	checks := addressChecks(t.Context(), c, []client.App{{ID: "app_1", Platform: "taobao", Callback: "http://127.0.0.1:1/callback/app_1?code=canary"}}, time.Now(), false)
	if len(checks) != 1 || checks[0].State != "failed" || !strings.Contains(checks[0].Detail, "cannot be reached") || strings.Contains(checks[0].Detail, "canary") {
		t.Errorf("an address where nobody listens = %v", checks)
	}
}
