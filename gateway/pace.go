package gateway

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
)

const (
	longestTurn  = 5 * time.Second // how long a call waits for its turn; beyond it, the caller is told when to come again
	longestPause = time.Hour       // whatever a platform says, it is asked again after this
	briefPause   = time.Second     // where it only says that there were too many calls
	bucketsMost  = 100_000

	refreshesAtOnce = 3           // refreshes that refused calls of one grant may cause in a row
	refreshEvery    = time.Minute // and how often one more
)

// pacer keeps calls within what platforms allow, as far as this process sends them: the buckets that a platform
// publishes, and the pauses that it asked for. It counts on product time.
type pacer struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	pauses  map[string]pause
}

// pause is what a platform asked for.
type pause struct {
	until time.Time
	fault *gk.Fault
}

func newPacer(now func() time.Time) *pacer {
	return &pacer{now: now, buckets: make(map[string]*rate.Limiter), pauses: make(map[string]pause)}
}

// wait returns when a call has its turn. A turn that is too far away is not waited for: the error is a *keeper.Later.
func (p *pacer) wait(ctx context.Context, use keeper.Use, call platform.Call) error {
	now := p.now()
	if wait, fault := p.paused(now, caller(use), operation(use, call)); wait > 0 {
		return &keeper.Later{Err: ErrPaced, After: wait, Fault: fault}
	}
	var turns []*rate.Reservation
	var wait time.Duration
	for i, l := range use.Driver.Spec().Facts.Limits.Calls {
		if !l.Covers(operation(use, call)) {
			continue
		}
		turn := p.bucket(bucketOf(i, l, use, call), l.Second, l.Burst, now).ReserveN(now, 1)
		turns = append(turns, turn)
		wait = max(wait, turn.DelayFrom(now))
	}
	if wait == 0 {
		return nil
	}
	giveBack := func() {
		for _, turn := range turns {
			turn.CancelAt(now)
		}
	}
	if wait > longestTurn {
		giveBack()
		return &keeper.Later{Err: ErrPaced, After: wait}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		giveBack()
		return ctx.Err()
	}
}

// mayRefresh reports whether a refused call of a grant may cause a refresh. A caller can make calls that are refused
// whatever the token; without a bound each would spend a pair.
func (p *pacer) mayRefresh(grant string) bool {
	now := p.now()
	return p.bucket("renew:"+grant, 1/refreshEvery.Seconds(), refreshesAtOnce, now).AllowN(now, 1)
}

// learn reads from an answer how long the platform wants to be left alone, and keeps calls back that long: those of the
// grant where the status says so, else those of the same operation, since limits inside a body are mostly of one
// operation. It returns zero where the platform wants nothing.
func (p *pacer) learn(use keeper.Use, call platform.Call, resp *http.Response, fault *gk.Fault) time.Duration {
	if fault == nil {
		return 0
	}
	now := p.now()
	key, wait := caller(use), retryAfter(resp.Header.Get("Retry-After"))
	busy := resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable
	switch {
	case busy && wait > 0:
	case fault.Action == gk.Backoff && fault.RetryAfter > 0:
		wait = fault.RetryAfter
	case resp.StatusCode == http.StatusTooManyRequests:
		wait = briefPause
	default:
		return 0
	}
	if !busy {
		key += " " + operation(use, call)
	}
	wait = min(wait, longestPause)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pauses) >= bucketsMost {
		p.pauses = make(map[string]pause) // the platforms will say it again
	}
	p.pauses[key] = pause{now.Add(wait), fault}
	return wait
}

// level lowers a bucket to what an answer's header says is left in it: other processes and other programs of ours draw
// from the same one. A header that says there is more than we count is not believed; it may be older than our last call.
func (p *pacer) level(use keeper.Use, call platform.Call, header http.Header) {
	now := p.now()
	for i, l := range use.Driver.Spec().Facts.Limits.Calls {
		used, size, ok := strings.Cut(header.Get(l.Header), "/")
		n, err := strconv.Atoi(used)
		most, serr := strconv.Atoi(size)
		if l.Header == "" || !l.Covers(operation(use, call)) || !ok || err != nil || serr != nil || n < 0 || most < 1 || most > 1_000_000 {
			continue
		}
		b := p.bucket(bucketOf(i, l, use, call), l.Second, l.Burst, now)
		if more := int(b.TokensAt(now)) - max(most-n, 0); more > 0 {
			b.ReserveN(now, min(more, l.Burst))
		}
	}
}

// paused returns how long a grant's call must be kept back, and why.
func (p *pacer) paused(now time.Time, grant, operation string) (time.Duration, *gk.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pauses) == 0 {
		return 0, nil
	}
	for _, key := range []string{grant, grant + " " + operation} {
		known, ok := p.pauses[key]
		if !ok {
			continue
		}
		if wait := known.until.Sub(now); wait > 0 {
			return wait, known.fault
		}
		delete(p.pauses, key)
	}
	return 0, nil
}

// bucket returns a bucket, making it full. When there are too many, those that are full again are forgotten: they are
// no different from new ones.
func (p *pacer) bucket(key string, second float64, burst int, now time.Time) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := p.buckets[key]; b != nil {
		return b
	}
	if len(p.buckets) >= bucketsMost {
		for other, b := range p.buckets {
			if b.TokensAt(now) >= float64(b.Burst()) {
				delete(p.buckets, other)
			}
		}
	}
	b := rate.NewLimiter(rate.Limit(second), burst)
	p.buckets[key] = b
	return b
}

// bucketOf names the bucket of a call under the limit at a place of the facts' list: the app's, the grant's, the shop's
// whatever the app, or that of one operation for the shop that the call is about.
func bucketOf(place int, l platform.CallLimit, use keeper.Use, call platform.Call) string {
	which := strconv.Itoa(place)
	switch l.Per {
	case "app":
		return which + " app:" + use.App.ID
	case "shop":
		return which + " shop:" + use.Grant.Platform + ":" + use.App.Environment + ":" + use.Grant.Subject.String()
	case "operation":
		return which + " operation:" + caller(use) + ":" + call.Shop + ":" + numbers.ReplaceAllString(operation(use, call), "/#")
	}
	return which + " grant:" + caller(use)
}

// numbers are the ids of things in a path, which is one operation whatever it is about.
var numbers = regexp.MustCompile(`/[0-9]{7,}\b`)

// caller names whose call it is: the grant's, or the app's own.
func caller(use keeper.Use) string {
	if use.OfApp {
		return use.App.ID
	}
	return use.Grant.ID
}

// operation names what a call asks for.
func operation(use keeper.Use, call platform.Call) string {
	if use.Driver.Spec().Facts.Style == "operation" {
		return call.Operation
	}
	return call.Path
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(text string) time.Duration {
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(n, 0), int(longestPause/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
