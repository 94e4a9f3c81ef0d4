package taobao

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// The values of error that the documents confirm, and the page error of an account that is not bound.
const (
	invalidClient = "invalid_client"
	accessDenied  = "access_denied"
	notBound      = "1001"
)

// Texts of refusals that several steps give.
const (
	wrongMethod     = "request method must be get/post"
	noClient        = "client_id is empty"
	unknownClient   = "Can not find the client_id:"
	noRedirect      = "redirect_uri is empty"
	wrongRedirect   = "redirect_uri is invalidate"
	mismatch        = "application callback can not match the redirect_uri"
	xss             = `xss chars included in params, such as <, >, ', "`
	blacklisted     = "application in black list,access forbidden."
	needsNoSession  = "The application don't need session"
	notPublished    = "Application need publish"
	rejected        = "authorize reject"
	badRefreshToken = "refresh token is invalid"
	boundTo         = "The Application already Bind with user ids:"
	notBoundText    = "此应用不允许当前用户访问"
)

func mostSessions(app *sim.App) int {
	n, err := strconv.Atoi(app.Text("most_sessions"))
	if err != nil {
		return 0 // not set
	}
	return n
}

func tooManySessions(most int) string { return fmt.Sprintf("session key num is larger than %d", most) }

// hasXSS reports whether a parameter holds a character that the platform refuses anywhere.
func hasXSS(values url.Values) bool {
	for _, list := range values {
		for _, value := range list {
			if strings.ContainsAny(value, `<>'"`) {
				return true
			}
		}
	}
	return false
}

// refusal is why the platform gives no token, in the words of its OAuth side. An empty code is one that the documents
// do not tell.
type refusal struct{ code, text string }

// tokenError answers at the token endpoint.
func (s *simulator) tokenError(w http.ResponseWriter, r *http.Request, no refusal) {
	s.kit.Call(r).Refuse("%s", strings.TrimSpace(no.code+" "+no.text))
	if no.code == "" {
		no.code = s.options.otherError()
	}
	writeBody(w, http.StatusBadRequest, jsonType, jsonText(object{{"error", no.code}, {"error_description", no.text}}, false))
}

// callbackMatches reports whether a redirect_uri fits the callback that is registered for an app, if there is one.
func (s *simulator) callbackMatches(app *sim.App, redirect string) bool {
	registered := app.Text("redirect_uri")
	if registered == "" || redirect == registered {
		return true
	}
	if s.options.redirectRule() == "exact" {
		return false
	}
	a, errA := url.Parse(registered)
	b, errB := url.Parse(redirect)
	return errA == nil && errB == nil && registrable(a.Hostname()) == registrable(b.Hostname())
}

// secondLevel are labels under which countries register names.
var secondLevel = map[string]bool{"com": true, "net": true, "org": true, "gov": true, "edu": true, "ac": true, "co": true}

// registrable returns the part of a host name that somebody has registered: its last two labels, or three as in
// example.com.cn. An address is itself.
func registrable(host string) string {
	host = strings.ToLower(host)
	labels := strings.Split(host, ".")
	n := len(labels)
	if strings.Contains(host, ":") || n > 0 && strings.Trim(labels[n-1], "0123456789") == "" {
		return host
	}
	keep := 2
	if n > 2 && len(labels[n-1]) == 2 && secondLevel[labels[n-2]] {
		keep = 3
	}
	return strings.Join(labels[max(0, n-keep):], ".")
}
