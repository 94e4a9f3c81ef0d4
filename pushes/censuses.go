package pushes

import (
	"context"
	"sync"
)

// censuses lets one census of an app go on at a time in this process: a large app's takes longer than the platform's
// messages are apart. Who asks while one is under way needs one that begins afterwards, since the list may be older than
// what was just told; all who ask meanwhile share that one.
type censuses struct {
	mu    sync.Mutex
	byApp map[string]*census
}

type census struct {
	number int
	ended  chan struct{}
	err    error
}

// once runs a census, or waits for one that begins after this call.
func (c *censuses) once(ctx context.Context, app string, run func() error) error {
	enough := 0 // the number of the first census that will do
	for {
		c.mu.Lock()
		under := c.byApp[app]
		if under == nil || under.done() {
			number := 1
			if under != nil {
				number = under.number + 1
				if enough > 0 && under.number >= enough {
					c.mu.Unlock()
					return under.err
				}
			}
			mine := &census{number: number, ended: make(chan struct{})}
			if c.byApp == nil {
				c.byApp = map[string]*census{}
			}
			c.byApp[app] = mine
			c.mu.Unlock()
			defer close(mine.ended) // however it ends
			mine.err = run()
			return mine.err
		}
		if enough == 0 {
			enough = under.number + 1
		}
		c.mu.Unlock()
		select {
		case <-under.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *census) done() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}
