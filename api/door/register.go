package door

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/problem"
)

// largestBody is one byte more than a request's body may have: 1 MiB.
const largestBody = 1<<20 + 1

// Add registers an operation: its scope goes into the document, its caller's key to the handler, and its errors become
// problems.
func Add[I, O any](s *Door, op huma.Operation, handle func(ctx context.Context, key gk.Key, in *I) (*O, error)) {
	Secure(&op)
	group, _, _ := strings.Cut(strings.TrimPrefix(op.Path, "/v1/"), "/")
	op.Tags = []string{group}
	op.MaxBodyBytes = largestBody
	if op.Method == http.MethodPost && !manyTimes[op.Method+" "+op.Path] {
		op.Parameters = append(op.Parameters, onceParameter())
	}
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "A problem",
		Content: map[string]*huma.MediaType{
			"application/problem+json": {Schema: s.Huma.OpenAPI().Components.Schemas.Schema(problem.Type, true, "")},
		},
	}
	huma.Register(s.Huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, CallerOf(ctx), in)
		if err != nil {
			return nil, s.AnswerTo(ctx, op.Path, err)
		}
		return out, nil
	})
}

// Secure writes the scope of an operation into its description.
func Secure(op *huma.Operation) {
	if scope := Scopes[op.Method+" "+op.Path]; scope != noKey {
		op.Security = []map[string][]string{{"key": {string(scope)}}}
	}
}
