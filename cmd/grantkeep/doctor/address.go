package doctor

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// lookWithin is how long an address may take to answer; platforms wait no longer.
const lookWithin = 10 * time.Second

// certificateLeft is how long a certificate should still be good: what renews them by itself does so earlier.
const certificateLeft = 14 * 24 * time.Hour

// Policies of the CA/Browser Forum, by which a certificate tells how its owner was looked into.
var (
	policyOV = asn1.ObjectIdentifier{2, 23, 140, 1, 2, 2}
	policyEV = asn1.ObjectIdentifier{2, 23, 140, 1, 1}
)

// addressChecks looks from this machine at the addresses by which merchants and platforms reach the apps. A server that is
// frozen refuses both.
func addressChecks(ctx context.Context, c *client.Client, apps []client.App, now time.Time, frozen bool) []client.Check {
	facts := map[string]*platform.Facts{}
	for _, d := range all.Drivers() {
		facts[d.Spec().Code] = d.Spec().Facts
	}
	var checks []client.Check
	certificates := map[string]bool{}
	for _, a := range apps {
		for _, way := range []struct {
			name, address string
			look          func(client.Seen) string
		}{{"callback from outside", a.Callback, merchantPage}, {"push from outside", a.Push, pushDoor}} {
			if f := facts[a.Platform]; way.address == "" || way.name[0] == 'p' && (f == nil || !f.Push.Proof) {
				continue // the platform pushes nothing
			}
			check, seen := lookAt(ctx, c, way.address, way.look)
			if frozen && seen.Status == http.StatusServiceUnavailable {
				check.State, check.Detail = "manual", "answers 503, as a frozen server should; look again when it is not"
			}
			check.Name = a.Platform + " " + a.ID + " " + way.name
			checks = append(checks, check)
			u, err := url.Parse(way.address)
			if err != nil || seen.Certificate == nil {
				continue
			}
			if !certificates[u.Host] {
				certificates[u.Host] = true
				checks = append(checks, certificateEnd(u.Host, seen.Certificate, now))
			}
			if f := facts[a.Platform]; way.name[0] == 'p' && f != nil && f.Push.Certificate != "" {
				checks = append(checks, certificateKind(a.Platform+" "+a.ID+" certificate", f, seen.Certificate))
			}
		}
	}
	return checks
}

// lookAt asks for one address and judges what answered.
func lookAt(ctx context.Context, c *client.Client, address string, look func(client.Seen) string) (client.Check, client.Seen) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return client.Check{State: "failed", Detail: "is no address"}, client.Seen{}
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	seen, err := c.Look(ctx, address)
	switch why := ""; {
	case err != nil:
		return client.Check{State: "failed", Detail: u.Host + " cannot be reached from this machine (" + err.Error() + "): look at its name, the firewall and the proxy"}, seen
	default:
		if why = look(seen); why != "" {
			return client.Check{State: "failed", Detail: u.Host + " " + why}, seen
		}
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return client.Check{State: "manual", Detail: u.Host + " answers, but is on loopback: no merchant and no platform reaches it"}, seen
	}
	return client.Check{State: "ok", Detail: u.Host + " answers, as seen from this machine"}, seen
}

// merchantPage says what is wrong with an answer that should be our page for a callback without parameters.
func merchantPage(s client.Seen) string {
	ours := s.Header.Get("Cross-Origin-Opener-Policy") == "same-origin" && s.Header.Get("X-Robots-Tag") == "noindex"
	if ours && (s.Status == http.StatusBadRequest || s.Status == http.StatusOK) { // some platforms send merchants without anything
		return ""
	}
	if ours && s.Status == http.StatusNotFound {
		return "knows no such app: does the address lead to another installation?"
	}
	return strange(s)
}

// pushDoor says what is wrong with an answer that should be our refusal of a message without a proof, or what a platform
// wants to hear that looks whether somebody is there. No page is among them.
func pushDoor(s client.Seen) string {
	page := strings.HasPrefix(s.Header.Get("Content-Type"), "text/html")
	if (s.Status == http.StatusUnauthorized || s.Status == http.StatusOK) && !page && s.Header.Get("WWW-Authenticate") == "" {
		return ""
	}
	return strange(s)
}

// strange says what an answer means that is not the one we give.
func strange(s client.Seen) string {
	switch {
	case s.Status == http.StatusMisdirectedRequest:
		return "is not the host that the server was told of: let the proxy pass the Host header on, or give the server this address by --public-url"
	case s.Status >= 300 && s.Status < 400:
		return "redirects, which platforms do not follow: let the proxy hand the path to the server"
	case s.Status == http.StatusServiceUnavailable || s.Status == http.StatusBadGateway || s.Status == http.StatusGatewayTimeout:
		return fmt.Sprintf("answers %d: the proxy does not reach the server, or the server there is frozen", s.Status)
	}
	return fmt.Sprintf("answers %d, which is not what the server answers there: let the proxy hand /callback, /connect, /install and /push to it", s.Status)
}

// certificateEnd looks when a certificate ends.
func certificateEnd(host string, cert *x509.Certificate, now time.Time) client.Check {
	c := client.Check{Name: "certificate of " + host, State: "ok", Detail: "is good until " + cert.NotAfter.UTC().Format(time.DateOnly)}
	if cert.NotAfter.Sub(now) < certificateLeft {
		c.State, c.Detail = "failed", "ends on "+cert.NotAfter.UTC().Format(time.DateOnly)+"; renew it: after that no platform and no merchant gets through"
	}
	return c
}

// certificateKind looks whether a certificate is of the kind that a platform insists on.
func certificateKind(name string, f *platform.Facts, cert *x509.Certificate) client.Check {
	looked := slices.ContainsFunc(cert.PolicyIdentifiers, func(id asn1.ObjectIdentifier) bool { return id.Equal(policyOV) || id.Equal(policyEV) })
	if looked || len(cert.PolicyIdentifiers) == 0 && len(cert.Subject.Organization) > 0 {
		return client.Check{Name: name, State: "ok", Detail: "names its organisation (" + strings.Join(cert.Subject.Organization, ", ") + "), as " + f.Names.En + " wants it"}
	}
	return client.Check{Name: name, State: "failed", Detail: "is validated for the domain only (DV); " + f.Names.En + " sends its messages to addresses with an OV or EV certificate alone: get one with organisation validation"}
}
