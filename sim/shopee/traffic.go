package shopee

import (
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// traffic counts an app's calls, by the minute and by the platform's day.
type traffic struct {
	minute, today     time.Time
	inMinute, inToday int
}

// throttle counts a call and refuses it when it is one too many.
func (s *simulator) throttle(app *sim.App) *refusal {
	t := s.traffic[app.ID]
	if t == nil {
		t = &traffic{}
		s.traffic[app.ID] = t
	}
	now := s.kit.Now()
	if minute := now.Truncate(time.Minute); !minute.Equal(t.minute) {
		t.minute, t.inMinute = minute, 0
	}
	local := now.In(zone)
	if today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone); !today.Equal(t.today) {
		t.today, t.inToday = today, 0
	}
	if limit := s.options.rateLimit(); limit > 0 && t.inMinute >= limit {
		return no("error_rate_limit", "Too many requests. You have reached the rate limit. Please try again later.", "more calls than a minute allows")
	}
	if limit := s.options.dailyLimit(); limit > 0 && t.inToday >= limit {
		return no("error_limit", "The total API call number made by your APP has reached the daily API call limit, please try again after 00: 00 (UTC+08:00)", "more calls than a day allows")
	}
	t.inMinute++
	t.inToday++
	return nil
}
