package gateway

import (
	"context"
	"io"
	"time"
)

// watch ends a request that stands still. It runs on real, monotonic time.
type watch struct {
	ctx    context.Context //nolint:containedctx // it is the request's own, and ends with it
	cancel context.CancelFunc
	timer  *time.Timer
}

// newWatch begins to watch a request that may stand still for d.
func newWatch(ctx context.Context, d time.Duration) *watch {
	ctx, cancel := context.WithCancel(ctx)
	return &watch{ctx: ctx, cancel: cancel, timer: time.AfterFunc(d, cancel)}
}

// moved says that something happened; it may stand still for d from here.
func (w *watch) moved(d time.Duration) { w.timer.Reset(d) }

// end stops watching and ends the request.
func (w *watch) end() {
	w.timer.Stop()
	w.cancel()
}

// watched is a body whose every read counts as a move.
type watched struct {
	io.ReadCloser
	watch *watch
	idle  time.Duration
}

// Read reads the body.
func (b watched) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.watch.moved(b.idle)
	return n, err
}
