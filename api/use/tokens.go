package use

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/store"
)

// Token is an access token as it is handed out: the one answer that holds one.
type Token struct {
	AccessToken string                 `json:"access_token"`
	ExpiresAt   wire.Moment            `json:"expires_at"`
	ExpiresIn   int64                  `json:"expires_in" doc:"seconds; 0 where the end is not known"`
	Windows     map[string]wire.Moment `json:"windows,omitempty" doc:"ends of partial permissions"`
	Subject     gk.Subject             `json:"subject"`
	Shops       []wire.Shop            `json:"shops" nullable:"false"`
	Grant       string                 `json:"grant"`
	Generation  int64                  `json:"generation" doc:"pass it as not_generation when the platform refuses this token"`
	Stale       bool                   `json:"stale,omitempty" doc:"not what was asked for, but all there is for now"`
	Fault       *explain.Fault         `json:"fault,omitempty" doc:"why it is stale"`
}

// TokenQuery is what a reader asks of a token.
type TokenQuery struct {
	MinValid      wire.Span `query:"min_valid" doc:"how long it must still last, as seconds or a duration; an hour if absent, at most half the token's life"`
	NotGeneration int64     `query:"not_generation" minimum:"0" doc:"the generation that the platform has just refused"`
	Window        string    `query:"window" doc:"a partial permission that must be open"`
	Wait          wire.Span `query:"wait" doc:"how long to wait for a renewal; 10s if absent, at most 60s"`
	IfNoneMatch   string    `header:"If-None-Match"`
}

// tokenInput and subjectInput are what the two token routes take.
type (
	tokenInput struct {
		wire.ByID
		TokenQuery
	}
	subjectInput struct {
		App     string `query:"app" required:"true" maxLength:"100" doc:"its id; GET /v1/apps lists them"`
		Subject string `query:"subject" required:"true" maxLength:"300" doc:"KIND:ID, as in shop:1234"`
		TokenQuery
	}
)

func (q TokenQuery) want() keeper.TokenWant {
	return keeper.TokenWant{MinValid: q.MinValid.Value(), NotGeneration: q.NotGeneration, Window: q.Window, Wait: q.Wait.Value()}
}

// tokenAnswer is a token, or 304 and nothing.
type tokenAnswer struct {
	Status       int
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Body         *Token
}

// tokenRequest asks for the token of a grant or, where grant is empty, of the grant that a subject has in an app.
type tokenRequest struct {
	TokenQuery
	grant        string
	app, subject string
}

func (s *useRoutes) read(ctx context.Context, key gk.Key, q *tokenRequest) (keeper.Served, error) {
	if q.Window != "" && !slices.Contains(s.windows, q.Window) {
		return keeper.Served{}, problem.Invalid("window", "is no partial permission of any platform")
	}
	if q.grant != "" {
		served, err := s.Keeper.Token(ctx, key.Viewer(), q.grant, q.want())
		if err == nil {
			s.Uses.Note(ctx, door.UsedRead, q.grant)
		}
		return served, err
	}
	kind, id, ok := strings.Cut(q.subject, ":")
	if !ok || kind == "" || id == "" {
		return keeper.Served{}, problem.Invalid("subject", "is not KIND:ID, as in shop:1234; GET /v1/grants shows the subjects")
	}
	served, err := s.Keeper.TokenOf(ctx, key.Viewer(), q.app, kind, id, q.want())
	if errors.Is(err, keeper.ErrHeld) && len(key.Owners) > 0 {
		err = store.ErrNotFound // else asking for one shop after the other would tell whose grant is held
	}
	if err == nil {
		s.Uses.Note(ctx, door.UsedRead, served.Grant.ID)
	}
	return served, err
}

func (s *useRoutes) tokenAnswer(ctx context.Context, key gk.Key, q *tokenRequest) (*tokenAnswer, error) {
	served, err := s.read(ctx, key, q)
	if err != nil {
		return nil, s.tokenProblem(err)
	}
	out := &tokenAnswer{Status: http.StatusOK, ETag: etag(served.Grant.Generation), CacheControl: "no-store"}
	if matches(q.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	g := &served.Grant
	out.Body = &Token{
		AccessToken: served.Access.Reveal(), ExpiresAt: wire.At(g.Expires), ExpiresIn: s.expiresIn(g), Subject: g.Subject, Shops: wire.Shops(g.Shops),
		Grant: g.ID, Generation: g.Generation, Stale: served.Stale, Fault: s.Fault(served.Fault, ""),
	}
	if len(g.Windows) > 0 {
		out.Body.Windows = wire.Moments(g.Windows)
	}
	return out, nil
}

// expiresIn returns the whole seconds that an access token still lasts; 0 where its end is not known.
func (s *useRoutes) expiresIn(g *gk.Grant) int64 {
	if g.Expires.IsZero() {
		return 0
	}
	return max(0, int64(g.Expires.Sub(s.Keeper.Now()).Seconds()))
}

func etag(generation int64) string { return `"` + strconv.FormatInt(generation, 10) + `"` }

// tokenProblem keeps a promise of the token routes: they never answer 500. What nobody expected is an outage that a
// reader waits out.
func (s *useRoutes) tokenProblem(err error) *problem.Problem {
	p := s.AnswerTo(context.Background(), "", err)
	if p.Status != http.StatusInternalServerError {
		return p
	}
	out := problem.New(problem.StoreUnavailable, "")
	out.Instance, out.After = p.Instance, 2*time.Second
	return out
}

// matches reports whether a header If-None-Match names a tag.
func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if part = strings.TrimPrefix(strings.TrimSpace(part), "W/"); part == tag || part == "*" {
			return true
		}
	}
	return false
}

// nameWindows says in the document, and to huma, which partial permissions the platforms of this build have.
func (s *useRoutes) nameWindows() {
	s.windows = s.Keeper.Apps().Windows()
	names := make([]any, 0, len(s.windows))
	for _, name := range s.windows {
		names = append(names, name)
	}
	for path, item := range s.Huma.OpenAPI().Paths {
		if item.Get == nil || !strings.HasSuffix(path, "/token") {
			continue
		}
		for _, p := range item.Get.Parameters {
			if p.Name == "window" {
				p.Schema.Enum = names
				p.Schema.PrecomputeMessages()
			}
		}
	}
}

func (s *useRoutes) routeTokens() {
	responses := func() map[string]*huma.Response {
		return map[string]*huma.Response{"304": {Description: "The caller has this generation already"}}
	}
	door.Add(s.Door, huma.Operation{
		OperationID: "get-token", Method: http.MethodGet, Path: "/v1/grants/{id}/token", Summary: "Get a usable access token",
		Description: "Renewed first if it ends too soon; never an error while a usable token exists. HEAD is answered too.",
		Responses:   responses(), Middlewares: huma.Middlewares{s.plainReads},
	}, func(ctx context.Context, key gk.Key, in *tokenInput) (*tokenAnswer, error) {
		return s.tokenAnswer(ctx, key, &tokenRequest{grant: in.ID, TokenQuery: in.TokenQuery})
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "find-token", Method: http.MethodGet, Path: "/v1/token", Summary: "Get a usable access token by app and subject",
		Responses: responses(), Middlewares: huma.Middlewares{s.plainReads},
	}, func(ctx context.Context, key gk.Key, in *subjectInput) (*tokenAnswer, error) {
		return s.tokenAnswer(ctx, key, &tokenRequest{app: in.App, subject: in.Subject, TokenQuery: in.TokenQuery})
	})
}
