package use

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// callText is a call as the caller wrote it: the order of its params and the text of its numbers are signed on some
// platforms, so that it is not decoded here.
type callText json.RawMessage

// UnmarshalJSON keeps the text.
func (c *callText) UnmarshalJSON(b []byte) error {
	*c = append((*c)[:0], b...)
	return nil
}

// Schema describes a call for the OpenAPI document.
func (callText) Schema(huma.Registry) *huma.Schema {
	word := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	names := func(doc string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: doc}
	}
	return &huma.Schema{
		Type:                 huma.TypeObject,
		Description:          "method and path on platforms with paths, operation and params on others; identifiers, tokens, times and signatures are added",
		AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"method":      word("GET, POST, PUT, PATCH, DELETE or HEAD"),
			"path":        word("the whole path, as in /api/v2/order/get_order_list"),
			"query":       names("business parameters; a list repeats a name"),
			"headers":     names("Accept, Content-Type and the like"),
			"body":        {Description: "sent byte for byte; JSON that is no text stands for its own text"},
			"operation":   word("the whole name of the operation"),
			"params":      names("of an operation; the order of the keys and the text of the numbers are kept"),
			"id":          word("of the envelope, on platforms that have one"),
			"sign_method": word("md5, hmac or hmac-sha256, on platforms with a choice"),
			"system":      names("further system parameters, on platforms with operations"),
			"shop":        word("which of the grant's shops it is about"),
		},
	}
}

// newCall is what the routes for calls take.
type newCall struct {
	Call callText `json:"call"`
}

// SignedCall is a request that is ready to be sent. It holds the access token.
type SignedCall struct {
	Method     string            `json:"method"`
	URL        string            `json:"url"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
	BodyBase64 string            `json:"body_base64,omitempty" doc:"instead of body, where that is not text"`
	ExpiresAt  wire.Moment       `json:"expires_at,omitzero" doc:"when the platform stops accepting the signature"`
	Signature  string            `json:"signature,omitempty"`
	SignedText string            `json:"signed_text,omitempty" doc:"what was signed; the app's secret in it is masked"`
}

func signedCall(app platform.App, r *platform.Request) SignedCall {
	p := offline.Print(app, r)
	return SignedCall{
		Method: p.Method, URL: p.URL, Headers: p.Headers, Body: p.Body, BodyBase64: p.BodyBase64, ExpiresAt: wire.At(r.Expires),
		Signature: p.Signature, SignedText: p.SignedText,
	}
}

func (s *useRoutes) routeGateway() {
	door.Add(s.Door, huma.Operation{
		OperationID: "sign-call", Method: http.MethodPost, Path: "/v1/grants/{id}/sign", Summary: "Sign a call of a grant",
		Description: "Nothing is sent. The answer holds the access token, so the key needs the scope token too.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body newCall
	}) (*wire.Output[SignedCall], error) {
		if err := s.Sees(ctx, key, in.ID); err != nil {
			return nil, err
		}
		if !key.Viewer().May(gk.ScopeToken) {
			return nil, problem.New(problem.Forbidden, "this needs a key with the scopes call and token")
		}
		call, err := offline.ReadCall(in.Body.Call)
		if err != nil {
			return nil, err
		}
		signed, err := s.Gateway.Sign(ctx, key.Viewer(), in.ID, call)
		if err != nil {
			return nil, err
		}
		s.Uses.Note(ctx, door.UsedSign, in.ID)
		return wire.Answer(signedCall(signed.App, signed.Request)), nil
	})

	s.HandleFunc("POST /v1/grants/{id}/call", s.forwardCall(func(w http.ResponseWriter, r *http.Request, call platform.Call) error {
		err := s.Gateway.Call(r.Context(), w, door.CallerOf(r.Context()).Viewer(), r.PathValue("id"), call)
		if err == nil {
			s.Uses.Note(r.Context(), door.UsedCall, r.PathValue("id"))
		}
		return err
	}))
	s.HandleFunc("POST /v1/apps/{id}/call", s.forwardCall(func(w http.ResponseWriter, r *http.Request, call platform.Call) error {
		return s.Gateway.CallApp(r.Context(), w, door.CallerOf(r.Context()).Viewer(), r.PathValue("id"), call)
	}))
	for _, method := range proxied {
		s.Handle(method+" /proxy/{grant}/{rest}", method+" /proxy/{grant}/{rest...}", s.proxy)
	}
	s.documentGateway()
}

// proxied are the methods that are passed on; GET stands for HEAD too.
var proxied = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// forwardCall answers with the platform's answer, which may be of any size and type.
func (s *useRoutes) forwardCall(send func(http.ResponseWriter, *http.Request, platform.Call) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		call, free, err := s.readCall(w, r)
		if err == nil {
			err = send(w, r, call)
			free()
		}
		if err != nil {
			s.WriteProblem(w, r, err)
		}
	}
}

// readCall reads a body {"call":{…}}, of at most 1 MiB, within the memory that all bodies of calls share. free gives that back
// when the call is sent.
func (s *useRoutes) readCall(w http.ResponseWriter, r *http.Request) (call platform.Call, free func(), err error) {
	body, free, err := s.KeepBody(w, r, door.WeightOfCall)
	if err != nil {
		return call, nil, err
	}
	if call, err = callOf(body); err != nil {
		free()
	}
	return call, free, err
}

func callOf(body []byte) (platform.Call, error) {
	members, err := platform.Members(body)
	const form = `; send {"call":{"method","path",…}}, or {"call":{"operation","params"}} on platforms with operations`
	if err != nil {
		return platform.Call{}, problem.Invalid("body", "is no call: "+err.Error()+form)
	}
	if len(members) != 1 || members[0].Name != "call" {
		return platform.Call{}, problem.Invalid("call", "must be the only member of the body"+form)
	}
	return offline.ReadCall(members[0].Value)
}

// proxy passes a request on as it comes.
func (s *useRoutes) proxy(w http.ResponseWriter, r *http.Request) {
	_, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/proxy/"), "/")
	err := s.Gateway.Proxy(w, r, door.CallerOf(r.Context()).Viewer(), r.PathValue("grant"), rest)
	if err != nil {
		s.WriteProblem(w, r, err)
		return
	}
	s.Uses.Note(r.Context(), door.UsedProxy, r.PathValue("grant"))
}

// straight refuses a path under /proxy/ that the mux would clean or complete by a redirect: what comes is signed as it
// comes, or not at all.
func (s *useRoutes) straight(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := r.URL.EscapedPath(); strings.HasPrefix(path, "/proxy/") {
			err := platform.CheckPath(path)
			if err == nil && strings.Count(path, "/") < 3 { // no call behind the grant
				err = store.ErrNotFound
			}
			if err != nil {
				s.WriteProblem(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// documentGateway adds the routes whose answers are the platform's own to the document.
func (s *useRoutes) documentGateway() {
	text := func(name, doc string) *huma.Param {
		return &huma.Param{Name: name, In: "path", Required: true, Description: doc, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	responses := map[string]*huma.Response{
		"default": {
			Description: "The platform's answer: its status, headers and body. One without Grantkeep-Fault succeeded, or cannot be judged. " +
				"Where nothing was sent: a problem.",
			Headers: map[string]*huma.Param{"Grantkeep-Fault": {
				Description: "What the platform's answer means, as one line of JSON", Schema: &huma.Schema{Type: huma.TypeString},
			}},
			Content: map[string]*huma.MediaType{
				"*/*":                      {},
				"application/problem+json": {Schema: s.Huma.OpenAPI().Components.Schemas.Schema(problem.Type, true, "")},
			},
		},
	}
	call := &huma.Operation{
		OperationID: "send-call", Method: http.MethodPost, Path: "/v1/grants/{id}/call", Tags: []string{"grants"},
		Summary:     "Send a call of a grant to its platform",
		Description: "Signed as by sign. Sent once more after a renewal where the platform refused the token.",
		Parameters:  []*huma.Param{text("id", "")},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{Ref: "#/components/schemas/NewCall"}},
		}},
		Responses: responses,
	}
	door.Secure(call)
	s.Huma.OpenAPI().AddOperation(call)
	ofApp := *call
	ofApp.OperationID, ofApp.Path, ofApp.Tags, ofApp.Security = "send-app-call", "/v1/apps/{id}/call", []string{"apps"}, nil
	ofApp.Summary = "Send a call of an app's own to its platform"
	ofApp.Description = "An operation that concerns the whole app, without a merchant's token. It reaches what belongs to all its merchants, and so " +
		"it is not for keys that are limited to owners."
	door.Secure(&ofApp)
	s.Huma.OpenAPI().AddOperation(&ofApp)
	for _, method := range proxied {
		op := &huma.Operation{
			OperationID: "proxy-" + strings.ToLower(method), Method: method, Path: "/proxy/{grant}/{rest}", Tags: []string{"proxy"},
			Summary:     "Pass a request on to a grant's platform",
			Description: "rest is the path, with slashes; on platforms with operations it is the operation, and the body of the POST its params as a JSON object.",
			Parameters:  []*huma.Param{text("grant", "id of the grant"), text("rest", "path or operation")},
			Responses:   responses,
		}
		if method != http.MethodGet && method != http.MethodDelete {
			op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"*/*": {}}}
		}
		door.Secure(op)
		s.Huma.OpenAPI().AddOperation(op)
	}
}
