package eleme

import "time"

// tally counts the token calls of one app and account.
type tally struct {
	last  time.Time
	day   string // of the count, in Shanghai
	count int
}

// tooOften counts a token call and returns what it is refused with, nothing if it is within the limits. A refused call
// does not count.
func (s *simulator) tooOften(h holder) failure {
	t := s.tokens[h]
	if t == nil {
		t = &tally{}
		s.tokens[h] = t
	}
	now := s.kit.Now()
	if day := now.In(shanghai).Format(time.DateOnly); day != t.day {
		t.day, t.count = day, 0
	}
	passed := now.Sub(t.last)
	switch {
	case t.count >= s.options.tokensPerDay():
		return failure{"temporarily_unavailable", "Exceed frequency limits"}
	case passed >= 0 && passed < s.options.tokenGap() && s.options.gapText() == "lock":
		return failure{"Unauthorized client", "redis distributed lock error,create person token error"}
	case passed >= 0 && passed < s.options.tokenGap():
		return failure{"temporarily_unavailable", "Exceed frequency limits"}
	}
	t.last = now
	t.count++
	return failure{}
}

// rate counts the API calls of one app within a second.
type rate struct {
	second int64
	count  int
}

// callAllowed counts a call and reports whether it is within the limit.
func (s *simulator) callAllowed(app string) bool {
	c := s.calls[app]
	if c == nil {
		c = &rate{}
		s.calls[app] = c
	}
	if second := s.kit.Now().Unix(); second != c.second {
		c.second, c.count = second, 0
	}
	c.count++
	return c.count <= s.options.callsPerSecond()
}
