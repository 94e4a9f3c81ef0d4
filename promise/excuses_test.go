package promise_test

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// excuse notes that the platform leaves no way to hold a subject's authorization for sure, until the merchant authorizes
// again.
func (c *checker) excuse(of subject, cause string) {
	now := c.w.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.excuses[of] == "" {
		c.times[of] = append(c.times[of], span{from: now})
	}
	c.excuses[of] = cause
}

// span is a time that ends, unless it goes on.
type span struct{ from, to time.Time }

func (s span) has(at time.Time) bool { return !at.Before(s.from) && (s.to.IsZero() || !at.After(s.to)) }

// armed is a fault that waits for refreshes of one subject.
type armed struct {
	since time.Time
	times int
}

// arm notes a fault that takes answers away. It may wait past an authorization, whose pair it then meets.
func (c *checker) arm(of subject, cause string, times int) {
	c.excuse(of, cause)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed[of] = armed{c.w.now(), times}
}

// waiting lists the subjects whose armed faults have not met as many refreshes as they wait for.
func (c *checker) waiting() map[subject]bool {
	calls := c.refreshCalls()
	c.mu.Lock()
	defer c.mu.Unlock()
	still := map[subject]bool{}
	for of, a := range c.armed {
		met := 0
		for _, call := range calls[of.platform] {
			if call.Subject == of.id && !call.At.Before(a.since) {
				met++
			}
		}
		if met < a.times {
			still[of] = true
		}
	}
	return still
}

// wasExcused reports whether there was an excuse for a subject at a moment.
func (c *checker) wasExcused(of subject, at time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.times[of], func(s span) bool { return s.has(at) })
}

func (c *checker) left(of subject) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone[of] = true
}

// excuseAttempts excuses the grants whose refresh a process had under way when it ended, if the platform acted on it.
func (c *checker) excuseAttempts(instance string, since time.Time, cause string) {
	acted := map[subject]bool{}
	for code, calls := range c.refreshCalls() {
		for _, call := range calls {
			if call.Decision == sim.Accepted && !call.At.Before(since) {
				acted[subject{code, call.Subject}] = true
			}
		}
	}
	for _, g := range c.w.grants() {
		of := subject{g.Platform, g.Subject.ID}
		if g.AttemptBy == instance && (acted[of] || acted[subject{g.Platform, ""}]) {
			c.excuse(of, cause)
		}
	}
}

// consented takes back what was said of those to whom a consent has given a new pair.
func (c *checker) consented(code string, before map[subject]pair, completed bool) {
	after, still, now := c.truth(), c.waiting(), c.w.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for of, p := range after {
		if of.platform != code || p.Revoked || p.Access == before[of].Access {
			continue
		}
		delete(c.gone, of)
		if completed && c.excuses[of] != "" && !still[of] {
			delete(c.excuses, of)
			c.times[of][len(c.times[of])-1].to = now
		}
	}
}

// strict are the platforms that give no grace for a second use. Where nothing went wrong with the first, there is none.
var strict = []string{"shopee", "shoplazza", "taobao", "tiktokshop"}

// disturb notes that the refreshes of a subject may be refused, after which a person may ask again at once.
func (c *checker) disturb(of subject) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.disturbed[of] = true
	maps.DeleteFunc(c.present, func(_ string, other subject) bool { return of == other || of == subject{platform: other.platform} })
}

// spentByClone excuses those whose refresh tokens another installation sends: it has what they bring.
func (c *checker) spentByClone(request []byte) {
	c.mu.Lock()
	var touched []subject
	for token, of := range c.owners {
		if bytes.Contains(request, []byte(token)) {
			touched = append(touched, of)
		}
	}
	c.mu.Unlock()
	for _, of := range touched {
		c.excuse(of, "installation cloned")
	}
}

// sent looks for a refresh token in what leaves a process.
func (c *checker) sent(request []byte) {
	now := c.w.now()
	c.mu.Lock()
	twice := ""
	for token, of := range c.present {
		if !bytes.Contains(request, []byte(token)) {
			continue
		}
		if last, ok := c.sentAt[token]; ok && now.Sub(last).Abs() < time.Second {
			twice = of.platform
		}
		c.sentAt[token] = now
	}
	c.mu.Unlock()
	if twice != "" {
		c.violate("one refresh token of %s was sent twice at once", twice)
	}
}
