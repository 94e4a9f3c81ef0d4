package sim_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/sim"
)

func TestStartRefusesAddressesThatOthersReach(t *testing.T) {
	for _, listen := range []string{"0.0.0.0", "::", "192.0.2.1", "example.com"} {
		if s, err := sim.Start(t.Context(), sim.Options{Listen: listen}); err == nil {
			s.Close()
			t.Errorf("Start on %s succeeded, want a refusal", listen)
		}
	}
}

func TestStartWithTLSShowsTheCertificateToTrust(t *testing.T) {
	s, err := sim.Start(t.Context(), sim.Options{TLS: true, Platforms: []sim.Platform{{Name: "toy", New: newToy}}})
	if err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var ready struct{ Certificate string }
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(ready.Certificate)) {
		t.Fatalf("ready line holds no certificate: %s", line)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	for _, base := range []string{s.Base("toy") + "/call", strings.Replace(s.Control(), "127.0.0.1", "localhost", 1) + "/clock"} {
		res, err := (&http.Client{Transport: transport}).Get(base)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK || !strings.HasPrefix(base, "https://") {
			t.Errorf("GET %s = %d, want 200 over https", base, res.StatusCode)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestAPortThatIsTakenIsAnError(t *testing.T) {
	memory := sim.NewMemory()
	l, err := memory.Listen("127.0.0.1:7701")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := sim.Options{Memory: memory, Ports: map[string]int{"toy": 7701}, Platforms: []sim.Platform{{Name: "toy", New: newToy}}}
	if s, err := sim.Start(t.Context(), o); err == nil {
		s.Close()
		t.Error("Start on a taken port succeeded")
	}
}
