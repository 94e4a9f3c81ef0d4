package platform

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Driver turns our words into one platform's protocol and back. All methods are pure: no I/O, no clock, no
// randomness, no state; they are safe for concurrent use and keep no argument.
type Driver interface {
	// Spec returns the platform's facts, settings schema and catalogue, read from its data files.
	Spec() *Spec

	// Link builds the page where a merchant agrees (or, for Want.Cancel, withdraws).
	Link(app App, want Want) (Link, error)

	// ReadCallback reads what the merchant's browser, or the platform's server, brought back.
	// It returns ErrForged if the callback carries a proof that fails, and a *BadCallback if it is incomplete or
	// polluted (a repeated security parameter).
	ReadCallback(app App, in Incoming) (Callback, error)

	// ExchangeRequest builds the request that trades a callback for tokens; nil when the callback itself is the whole
	// permission (Shopee v1, Meituan storemap): then ReadIssues gets a zero Reply.
	ExchangeRequest(app App, cb Callback) (*Request, error)

	// ReadIssues reads the answer to an exchange or a refresh: one Issue per subject. It returns a *gk.Fault for a
	// refusal, and an error that wraps ErrGarbage for an answer it cannot read (any 5xx, HTML, cut JSON, no token).
	ReadIssues(app App, asked Asked, reply Reply) ([]Issue, error)

	// Sign makes a call acceptable on behalf of a credential; ErrForeignHost for a host not allowed, a *BadCall for a
	// call that a caller may not make or that names what only we may set.
	Sign(app App, cred Credential, call Call) (*Request, error)

	// Diagnose says what an answer to a call means; nil if it succeeded.
	Diagnose(app App, asked Asked, reply Reply) *gk.Fault
}

// Refresher: tokens can be refreshed without the merchant. Covers refresh tokens, client credentials, self and silent
// grants, signed refreshes without a token, and an app's own first token (zero Credential.Token).
type Refresher interface {
	// RefreshRequest builds the one request that refreshes cred. Whoever sends it has spent cred.Token.Refresh.
	RefreshRequest(app App, cred Credential) (*Request, error)
}

// Inspector: a second call tells what a credential is: identity, shops, end of the authorization, scopes, whether it
// lives. One power, four uses: completing an authorization, confirming a push, settling a doubt, the periodic check.
type Inspector interface {
	// InspectRequest builds the question; page is empty for the first one, else what ReadInspection returned.
	InspectRequest(app App, cred Credential, page string) (*Request, error)
	// ReadInspection reads the answer. A credential that the platform refuses is an Inspection with Alive false, not an error.
	ReadInspection(app App, cred Credential, reply Reply) (in Inspection, nextPage string, err error)
}

// Census: the platform lists every living authorization of an app (Shopee get_shops_by_partner).
type Census interface {
	CensusRequest(app App, kind, page string) (*Request, error)
	ReadCensus(app App, reply Reply) (found []Inspection, nextPage string, err error)
}

// Subscriber: pushes about a grant come only after asking for them, per grant (Shoplazza webhooks, Taobao tmc.user.permit).
type Subscriber interface {
	SubscribeRequests(app App, cred Credential) ([]*Request, error)
}

// Receiver: the platform pushes to /push/APP.
type Receiver interface {
	// Receive checks the proof and reads the message. Its Answer is sent as it stands, also for tests and challenges.
	Receive(app App, in Incoming) (Delivery, error)
}

// Puller: messages are fetched, first chance (Taobao TMC) or second (Shopee lost pushes, Ele.me non-reached).
type Puller interface {
	PullRequest(app App, cred Credential, cursor string) (*Request, error)
	ReadPull(app App, reply Reply) (notices []Notice, confirm *Request, cursor string, err error)
}

// Starter: the merchant begins on the platform's side with a request to /install/APP.
type Starter interface {
	ReadEntry(app App, in Incoming) (Entry, error)
}

// Revoker: a permission can be given back by a request of ours.
type Revoker interface {
	RevokeRequest(app App, cred Credential) (*Request, error)
}

// Verifier: the platform's own check of a signed call, for `verify` with kind call. The error says what differs.
type Verifier interface {
	VerifyCall(app App, in Incoming) error
}

// Credential is a grant opened for use.
type Credential struct {
	Subject gk.Subject
	Token   gk.Token
	Shops   []gk.Shop
	Scopes  []string
	Facts   map[string]string
}

// Want is what a link must achieve.
type Want struct {
	State  string // [A-Za-z0-9_-]{43}; the driver decides where it travels; empty: a link without state
	Cancel bool
	Hint   gk.Subject // shop, host or country known beforehand
	Scopes []string   // empty: the app's own
	Form   string     // a variant named in Facts.Link.Forms: signed, wap, tmall
	Back   string     // Entry.Back of the entry that this link answers: it leads there, with the state
	Extra  url.Values // other parameters of the platform that a person asked for (shopee auth_type)
}

// Link is a page of the platform that a merchant opens.
type Link struct {
	URL, Signature, SignedText string
	Expires                    time.Time     // zero: does not expire
	Finish                     time.Duration // how long the merchant has on the platform's page (Shopee: 3 minutes); 0 unknown
}

// Incoming is a request to us, with the raw bytes and the address the platform believes it called.
type Incoming struct {
	Method, URL string
	Header      http.Header
	Body        []byte
}

// Callback is what an authorization brought back, before anything is asked.
type Callback struct {
	State   string // empty: not started by us
	Code    gk.Secret
	Subject gk.Subject // as claimed
	Proven  bool       // signed by the platform; otherwise Inspect or Census must confirm before the grant is active
	Cancel  bool       // it brings nothing to exchange, as after a cancellation; the authorization tells whether it is one
	Params  url.Values
	Tokens  []Issue // pushed or fragment tokens: nothing to exchange
	Fault   *gk.Fault
	Answer  Answer // what the platform's server is told once the permission is kept (Meituan); zero: a browser is shown our page
	Empty   bool   // neither a code nor an error: the registered address was merely opened (Ele.me's merchant client)
}

// Request is one request to a platform. The engine sends it once, to an allowed host, without redirects.
type Request struct {
	Method, URL           string
	Header                http.Header
	Body                  []byte
	Sent                  url.Values // parameters it carries, secrets removed: becomes Asked.Sent
	Signature, SignedText string     // SignedText has the app's secret masked, not the access token
	Expires               time.Time  // when the signature stops being accepted; zero: unknown or never
}

// Reply is a platform's answer.
type Reply struct {
	Status    int // 0: not known (a text pasted by a person)
	Header    http.Header
	Body      []byte // first MiB
	Truncated bool
	Received  time.Time
	Sent      url.Values // Request.Sent of the request it answers: a list's answer does not say which page it is
}

// Stages at which a platform speaks.
const (
	StageAuthorize = "authorize"
	StageToken     = "token" // code exchange
	StageRefresh   = "refresh"
	StageInspect   = "inspect"
	StageCall      = "call"
	StagePush      = "push"
)

// Asked says which request a reply answers.
type Asked struct {
	Stage   string
	Subject gk.Subject // zero: any subject may answer
	Sent    url.Values // parameters we sent, secrets removed; nil: not known. Some faults need them
	At      time.Time  // when the request left: ends count from here; zero: from Reply.Received
	Claimed gk.Subject // the exchange's callback named this subject, where the answer itself does not (Shopee)
}

// Issue is one subject's token.
type Issue struct {
	Subject gk.Subject // Kind "": unknown until Inspect (Ele.me, eBay)
	Token   gk.Token
	Ceiling time.Time // end of the authorization itself
	Scopes  []string
	Shops   []gk.Shop
	Facts   map[string]string
	Shared  bool // the pair is common to all issues and must be refreshed per subject at once (Shopee main account)
	Same    bool // the platform returned the pair we sent (Douyin, JD): not a new generation
	Final   bool // the platform says it cannot be refreshed (Taobao re_expires_in 0)

	// Warnings are what is remarkable about a good pair, as codes of the catalogue (local:…).
	Warnings []string
}

// Inspection is what the platform says about a credential.
type Inspection struct {
	Subject      gk.Subject
	Alive        *bool // nil: not said
	Shops        []gk.Shop
	Ceiling      time.Time
	AuthorizedAt time.Time // when the merchant agreed, where the platform tells (Shopee auth_time)
	Scopes       []string
	Facts        map[string]string
	Fault        *gk.Fault // why it is not alive
}

// Entry is a merchant who begins on the platform's side.
type Entry struct {
	Hint   gk.Subject
	Proven bool
	Back   string // the platform's address that the browser must go back to, with our state (Amazon); Link gets it in Want
}

// Kinds of a Notice.
const (
	NoticeAuthorized = "authorized"
	NoticeRevoked    = "revoked"
	NoticeExpiring   = "expiring"
	NoticeOrdered    = "ordered"
	NoticeTicket     = "ticket"
	NoticePrivacy    = "privacy"
	NoticeOther      = "other"
)

// Privacy is a request about personal data that a platform passes on: ids only, never a name or an address. The vendor
// answers it; Grantkeep keeps none of the data that it is about.
type Privacy struct {
	Topic    string   `json:"topic"` // the platform's name of it
	Request  string   `json:"request,omitempty"`
	Customer string   `json:"customer,omitempty"`
	Orders   []string `json:"orders,omitempty"`
}

// Notice is one thing a platform told us. At is the platform's own time of the event; zero: unknown.
type Notice struct {
	Kind     string
	Subjects []gk.Subject
	Shops    []string // shops of a grant, lost or gained; without Subjects they lead to the grant (TikTok Shop, Lazada)
	Census   bool     // it does not say who: compare with Census
	At       time.Time
	Ceiling  time.Time            // the end of the authorization, where an expiring message tells it (Lazada); zero: not told
	Dedup    string               // the platform's id, else a digest of the body
	Fault    *gk.Fault            // why, by the catalogue, where the platform gives a reason; nil otherwise
	Privacy  *Privacy             // of a NoticePrivacy
	Secrets  map[string]gk.Secret // pushed credentials by their setting's name (WeChat ticket): stored sealed on the app
}

// DedupOf tells a push without an id from others: by a digest of what it says.
func DedupOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Delivery is a push, read.
type Delivery struct {
	Notices []Notice
	Answer  Answer
	Matched string // which secret verified
}

// Answer is what a platform's server, or the merchant's browser, must be told.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Call is an API call as a caller writes it.
type Call struct {
	Method, Path string // REST: the path is whole and signed as given
	Query        url.Values
	Header       http.Header
	Body         []byte
	Operation    string // operation platforms
	Params       []byte // JSON object, key order and number text preserved
	SignMethod   string // taobao: md5, hmac, hmac-sha256
	ID           string // eleme: the envelope's id; empty: made from App.Nonce
	System       url.Values
	Shop         string // which shop of the grant

	// Free: a person signs for nobody else. What a grant must not do (operations that mint tokens or concern the whole
	// app, unlisted ones) is signed as asked, and the body goes out as it is. Names that are added to every call stay ours.
	Free bool
}

var (
	// ErrForged: the proof of a callback, entry or push fails.
	ErrForged = errors.New("platform: proof fails")
	// ErrForeignHost: the host is not one of the platform's.
	ErrForeignHost = errors.New("platform: not the platform's host")
	// ErrGarbage: the answer cannot be read; the outcome is unknown, never a refusal.
	ErrGarbage = errors.New("platform: answer cannot be read")
)

// Garbled is an answer that is neither a pair nor a refusal. It wraps ErrGarbage.
type Garbled struct {
	Why   string    // in words, without any part of the body
	Fault *gk.Fault // what the catalogue says of it, if anything
}

// Error returns why the answer cannot be read.
func (g *Garbled) Error() string { return "answer cannot be read: " + g.Why }

// Unwrap returns ErrGarbage.
func (g *Garbled) Unwrap() error { return ErrGarbage }

// BadCallback is a callback, entry or push that cannot be used whatever its proof says. Fault is its catalogue row.
type BadCallback struct {
	Why   string
	Fault *gk.Fault
}

// Error returns why.
func (b *BadCallback) Error() string { return b.Why }

// BadCall is a call that must not be sent: a reserved name, a path that is not the grant's, a wrong subject. Field
// names what is wrong, Why says what to do; neither holds a value of the caller.
type BadCall struct{ Field, Why string }

// Error returns field and reason.
func (b *BadCall) Error() string { return b.Field + ": " + b.Why }
