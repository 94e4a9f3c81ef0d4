package sim

import (
	"fmt"
	"time"
)

// mostCalls bounds the log: the oldest lines go first.
const mostCalls = 20000

// Call is one line of the log: a request received, or a push sent.
type Call struct {
	At       time.Time `json:"at"`
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Stage    string    `json:"stage"`
	App      string    `json:"app"`
	Subject  string    `json:"subject"`
	Decision string    `json:"decision"` // accepted, refused
	Why      string    `json:"why"`
}

// Decisions of a platform.
const (
	Accepted = "accepted"
	Refused  = "refused"
)

// About sets whom a request turned out to be about.
func (c *Call) About(app, subject string) { c.App, c.Subject = app, subject }

// Accept notes that the platform did what it was asked.
func (c *Call) Accept(format string, args ...any) { c.decide(Accepted, format, args) }

// Refuse notes that the platform refused, and why.
func (c *Call) Refuse(format string, args ...any) { c.decide(Refused, format, args) }

func (c *Call) decide(decision, format string, args []any) {
	c.Decision, c.Why = decision, fmt.Sprintf(format, args...)
}

// Calls is the log of a simulator, oldest line first.
type Calls struct {
	list []*Call
}

func (c *Calls) add(call *Call) {
	if len(c.list) >= mostCalls {
		c.list = append(c.list[:0:0], c.list[mostCalls/10:]...)
	}
	c.list = append(c.list, call)
}

// All returns copies of the lines.
func (c *Calls) All() []Call {
	calls := make([]Call, len(c.list))
	for i, call := range c.list {
		calls[i] = *call
	}
	return calls
}
