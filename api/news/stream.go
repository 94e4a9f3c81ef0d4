package news

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

const (
	streamsPerKey = 8
	streamsInAll  = 256
	streamLooks   = time.Second      // how often a stream looks for events, and whether its key still lives
	streamBreathe = 15 * time.Second // a comment, so that nothing on the way takes the stream for dead
	streamPatient = 15 * time.Second // for a reader that does not read
	streamBatch   = 200
)

// streams counts the open streams of each key.
type streams struct {
	mu   sync.Mutex
	open map[string]int
	all  int
}

func (s *streams) enter(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= streamsInAll || s.open[key] >= streamsPerKey {
		return false
	}
	if s.open == nil {
		s.open = map[string]int{}
	}
	s.open[key]++
	s.all++
	return true
}

func (s *streams) leave(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.open[key]--; s.open[key] <= 0 {
		delete(s.open, key)
	}
}

func (s newsRoutes) routeStream() {
	s.HandleFunc("GET /v1/events/stream", s.streamEvents)
	s.HandleFunc("GET /schemas/events.json", func(w http.ResponseWriter, r *http.Request) {
		schema, err := notify.Schema()
		if err != nil {
			s.WriteProblem(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/schema+json")
		_, _ = w.Write(schema) // the client may be gone
	})
	text := &huma.Schema{Type: huma.TypeString}
	op := &huma.Operation{
		OperationID: "stream-events", Method: http.MethodGet, Path: "/v1/events/stream", Tags: []string{"events"},
		Summary: "Follow the events as server-sent events",
		Description: "id is the position, event the kind, data the event. It goes on behind the header Last-Event-ID, else behind after, " +
			"else with what is published from then on; its first line is that position. A comment comes every 15 seconds. A key has at most 8 streams.",
		Responses: map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: text}},
		}},
	}
	for _, name := range []string{"after", "kind", "app", "grant", "owner"} {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Schema: text})
	}
	op.Parameters = append(op.Parameters, &huma.Param{Name: "Last-Event-ID", In: "header", Schema: text})
	door.Secure(op)
	s.Huma.OpenAPI().AddOperation(op)
}

// streamEvents writes events as they are published, until the client leaves, its key ends or the server stops.
func (s newsRoutes) streamEvents(w http.ResponseWriter, r *http.Request) {
	f, err := s.streamFrom(r)
	if err != nil {
		s.WriteProblem(w, r, err)
		return
	}
	key := door.CallerOf(r.Context())
	if !s.streams.enter(key.ID) {
		p := problem.New(problem.Limited, "a key has at most 8 streams; one is enough for all that it may see")
		p.After = streamBreathe
		s.WriteProblem(w, r, p)
		return
	}
	defer s.streams.leave(key.ID)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	out := &stream{w: w, rc: http.NewResponseController(w)}
	w.WriteHeader(http.StatusOK)
	// The position without an event is where a client goes on that loses the stream before the first one.
	if out.write(fmt.Sprintf(": grantkeep\nid: %d\n\n", f.After)) != nil {
		return
	}
	ticker := time.NewTicker(streamLooks)
	defer ticker.Stop()
	for {
		more, err := s.streamSome(r.Context(), out, key.Viewer(), &f)
		if err != nil {
			s.Log.DebugContext(r.Context(), "a stream of events ends", "key", key.ID, "error", err)
			return // the client comes back and goes on from where it was
		}
		if !more {
			select {
			case <-r.Context().Done():
				return
			case <-s.stopping:
				return
			case <-ticker.C:
			}
		}
		if _, err := s.Authenticate(r, gk.ScopeRead); err != nil {
			return
		}
	}
}

// streamFrom reads where a stream begins and what narrows it.
func (s newsRoutes) streamFrom(r *http.Request) (f store.EventFilter, err error) {
	q := r.URL.Query()
	for name := range q {
		if !slices.Contains([]string{"after", "kind", "app", "grant", "owner"}, name) {
			return f, problem.Invalid("query", "has a parameter that a stream has not; it takes after, kind, app, grant, owner")
		}
	}
	f = store.EventFilter{Kind: q.Get("kind"), App: q.Get("app"), Grant: q.Get("grant"), Owner: q.Get("owner"), Limit: streamBatch}
	field, from := "Last-Event-ID", r.Header.Get("Last-Event-ID")
	if from == "" {
		field, from = "after", q.Get("after")
	}
	if from == "" {
		f.After, err = s.Store.LastPosition(r.Context())
		return f, err
	}
	if f.After, err = strconv.ParseInt(from, 10, 64); err != nil || f.After < 0 {
		return f, problem.Invalid(field, "is no position of an event")
	}
	return f, nil
}

// streamSome writes what is there, and a comment when it is time for one. It reports whether there may be more.
func (s newsRoutes) streamSome(ctx context.Context, out *stream, v gk.Viewer, f *store.EventFilter) (more bool, err error) {
	rows, err := s.Store.FindEvents(ctx, v, *f)
	if err != nil {
		return false, err
	}
	events, err := s.told(ctx, rows)
	if err != nil {
		return false, err
	}
	for _, e := range events {
		data, err := json.Marshal(e)
		if err != nil {
			return false, err
		}
		if err := out.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Position, e.Kind, data)); err != nil {
			return false, err
		}
		f.After = e.Position
	}
	if time.Since(out.last) >= streamBreathe {
		err = out.write(":\n\n")
	}
	return len(events) == f.Limit, err
}

// stream is an answer that goes on. Whoever does not read for a while is left.
type stream struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	last time.Time
}

func (s *stream) write(text string) error {
	_ = s.rc.SetWriteDeadline(time.Now().Add(streamPatient)) // a recorder in a test has none
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	s.last = time.Now()
	return s.rc.Flush()
}
