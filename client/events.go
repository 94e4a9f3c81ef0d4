package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Event is something that happened: to a grant, an app, an authorization. It has the same form wherever it is told: in
// lists, in streams, in webhooks.
type Event struct {
	ID            string            `json:"id"`
	Position      int64             `json:"position"`
	Kind          string            `json:"kind"`
	At            gk.Time           `json:"at"`
	App           string            `json:"app"`
	Platform      string            `json:"platform"`
	Grant         string            `json:"grant,omitempty"`
	Subject       *gk.Subject       `json:"subject,omitempty"`
	Authorization string            `json:"authorization,omitempty"`
	Owner         string            `json:"owner,omitempty"`
	Tags          map[string]string `json:"tags,omitempty"`
	Actor         string            `json:"actor"`
	Severity      string            `json:"severity"`             // info, warning, critical
	WhoseMove     string            `json:"whose_move,omitempty"` // us, vendor, merchant, platform
	Text          Texts             `json:"text"`                 // one sentence for people
	Fault         *Fault            `json:"fault,omitempty"`
	Data          map[string]any    `json:"data"`
}

// EventFilter narrows events. Zero fields do not narrow.
type EventFilter struct {
	After                   int64 // position; what comes behind it
	Kind, App, Grant, Owner string
}

func (f EventFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"kind": f.Kind, "app": f.App, "grant": f.Grant, "owner": f.Owner} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// Events returns published events behind a position, at most limit (1 to 1000), in the order of their publication. The
// position of the last one is where to go on.
func (c *Client) Events(ctx context.Context, after int64, limit int) ([]Event, error) {
	return c.FindEvents(ctx, EventFilter{After: after}, limit)
}

// FindEvents is Events with a filter.
func (c *Client) FindEvents(ctx context.Context, f EventFilter, limit int) ([]Event, error) {
	var p page[Event]
	q := f.query()
	q.Set("after", strconv.FormatInt(f.After, 10))
	q.Set("limit", strconv.Itoa(limit))
	err := c.Call(ctx, http.MethodGet, "/v1/events", q, nil, &p)
	return p.Items, err
}

// longestEvent bounds a line of a stream.
const longestEvent = 4 << 20

// Stream calls tell with each event as it is published, until ctx ends, tell returns an error, or the server ends the
// stream, which is no error: go on behind the position of the last event. f.After below zero begins with what is
// published from then on. Follow comes back by itself.
func (c *Client) Stream(ctx context.Context, f EventFilter, tell func(Event) error) error {
	_, err := c.stream(ctx, &f, tell)
	return err
}

// Follow is Stream that comes back by itself when the server was away, and goes on where it was: it tells every event, and
// none twice. away, unless it is nil, hears of each failure to come back. Follow ends when ctx does, when tell returns an
// error, when the server could not be reached in the first place, or when it refuses what is asked for.
func (c *Client) Follow(ctx context.Context, f EventFilter, tell func(Event) error, away func(error)) error {
	var told error
	for came := false; ; {
		opened, err := c.stream(ctx, &f, func(e Event) error {
			told = tell(e)
			return told
		})
		if told != nil {
			return told
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		came = came || opened
		pause := comeBackAfter
		if err != nil {
			var refused *Problem
			if errors.As(err, &refused) {
				pause = max(pause, refused.RetryAfter)
			}
			busy := refused == nil || refused.Status >= http.StatusInternalServerError || refused.Status == http.StatusTooManyRequests
			if !came || !busy {
				return err
			}
			if away != nil {
				away(err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// comeBackAfter is how long Follow waits before it asks again.
const comeBackAfter = time.Second

// stream reads a stream and keeps in f where to go on. opened: the server began one.
func (c *Client) stream(ctx context.Context, f *EventFilter, tell func(Event) error) (opened bool, err error) {
	q := f.query()
	if f.After >= 0 {
		q.Set("after", strconv.FormatInt(f.After, 10))
	}
	req, err := c.request(ctx, http.MethodGet, "/v1/events/stream", q, nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := c.unlimited().Do(req)
	if err != nil {
		return false, failed(req, err)
	}
	defer func() { _ = res.Body.Close() }() // only read from
	if res.StatusCode != http.StatusOK {
		return false, refusal(req, res)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, longestEvent)
	at := f.After
	for lines.Scan() {
		line := lines.Text()
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			if at, err = strconv.ParseInt(id, 10, 64); err != nil {
				return true, fmt.Errorf("a position does not decode: %w", err)
			}
		}
		if line == "" {
			f.After = at // all before it was told
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var e Event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return true, fmt.Errorf("an event does not decode: %w", err)
		}
		if err := tell(e); err != nil {
			return true, err
		}
		f.After = e.Position
	}
	if err := lines.Err(); err != nil && !errors.Is(err, context.Canceled) {
		return true, failed(req, err)
	}
	return true, ctx.Err()
}
