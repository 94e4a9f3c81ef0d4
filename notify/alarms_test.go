package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

// alarm makes an alarm.
func (h *house) alarm(settings map[string]string, rule store.Rule) notify.Alarm {
	h.t.Helper()
	a, err := h.news.CreateAlarm(h.t.Context(), all, settings, rule)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func hmacOf(key, text string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// says writes a body.
func says(body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) } // the asker may be gone
}

// robots are fakes written from the channels' public documents. Each says whether a post is what its robot takes.
var robots = map[string]struct {
	settings      map[string]string // URL stands for the fake's address
	takes         func(p post, body map[string]any) error
	good, refuses string
	code          string
}{
	"dingtalk": {map[string]string{"url": "URL/robot/send?access_token=made-up", "secret": "SECmadeup"}, func(p post, body map[string]any) error {
		q, err := url.Parse(p.path)
		if err != nil {
			return err
		}
		stamp := q.Query().Get("timestamp")
		if q.Query().Get("sign") != hmacOf("SECmadeup", stamp+"\nSECmadeup") || len(stamp) != 13 || q.Query().Get("access_token") != "made-up" {
			return errors.New("the signature or the token is wrong")
		}
		return member(body, "msgtype", "text")
	}, `{"errcode":0,"errmsg":"ok"}`, `{"errcode":310000,"errmsg":"canary-of-an-inner-host"}`, "errcode 310000"},
	"wecom": {map[string]string{"url": "URL/cgi-bin/webhook/send?key=made-up"}, func(_ post, body map[string]any) error {
		return member(body, "msgtype", "text")
	}, `{"errcode":0,"errmsg":"ok"}`, `{"errcode":93000,"errmsg":"invalid webhook url"}`, "errcode 93000"},
	"feishu": {map[string]string{"url": "URL/open-apis/bot/v2/hook/made-up", "secret": "made-up-secret"}, func(_ post, body map[string]any) error {
		if body["sign"] != hmacOf(fmt.Sprint(body["timestamp"])+"\nmade-up-secret", "") {
			return errors.New("the signature is wrong")
		}
		return member(body, "msg_type", "text")
	}, `{"code":0,"msg":"success","data":{}}`, `{"code":19021,"msg":"sign match fail"}`, "code 19021"},
	"slack": {map[string]string{"url": "URL/services/T/B/made-up"}, func(_ post, body map[string]any) error {
		if _, ok := body["text"].(string); !ok {
			return errors.New("there is no text")
		}
		return nil
	}, `ok`, "", ""},
	"teams": {map[string]string{"url": "URL/workflows/made-up"}, func(_ post, body map[string]any) error {
		return member(body, "type", "message")
	}, ``, "", ""},
	"telegram": {map[string]string{"base": "URL", "token": "123:made-up", "chat": "-100"}, func(p post, body map[string]any) error {
		if p.path != "/bot123:made-up/sendMessage" {
			return errors.New("the path is " + p.path)
		}
		return member(body, "chat_id", "-100")
	}, `{"ok":true,"result":{}}`, `{"ok":false,"error_code":400,"description":"chat not found"}`, "error_code 400"},
	"webhook": {map[string]string{"url": "URL/alarm", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, func(p post, body map[string]any) error {
		if p.header.Get("webhook-signature") == "" || body["events"] == nil {
			return errors.New("it is not signed, or has no events")
		}
		return nil
	}, `{}`, "", ""},
}

func member(body map[string]any, name, want string) error {
	if body[name] != want {
		return fmt.Errorf("%s is %v, want %s", name, body[name], want)
	}
	return nil
}

func TestEachRobotTakesItsMessage(t *testing.T) {
	for channel, robot := range robots {
		t.Run(channel, func(t *testing.T) {
			r := newReceiver(t)
			h := newHouse(t, r.host())
			settings := map[string]string{}
			for name, value := range robot.settings {
				settings[name] = strings.Replace(value, "URL", r.URL, 1)
			}
			a := h.alarm(settings, store.Rule{Channel: channel, Language: "en"})
			r.answers(says(robot.good))
			if err := h.news.TestAlarm(t.Context(), all, a.ID); err != nil {
				t.Fatalf("the test = %v", err)
			}
			var body map[string]any
			p := r.posts()[0]
			if err := json.Unmarshal([]byte(p.body), &body); err != nil {
				t.Fatal(err)
			}
			if err := robot.takes(p, body); err != nil {
				t.Error(err)
			}
			if channel == "webhook" && !signed(t, p, settings["secret"]) {
				t.Error("the signature does not verify")
			}
			for name, value := range a.Settings {
				if value != "***" && (name == "url" || name == "secret" || name == "token" || name == "password") {
					t.Errorf("the setting %s is shown", name)
				}
			}
			r.answers(status(http.StatusForbidden))
			var refusal *notify.Refusal
			if err := h.news.TestAlarm(t.Context(), all, a.ID); !errors.As(err, &refusal) || refusal.Code != "status 403" {
				t.Errorf("a 403 = %v", err)
			}
			if robot.refuses == "" {
				return
			}
			r.answers(says(robot.refuses))
			if err := h.news.TestAlarm(t.Context(), all, a.ID); !errors.As(err, &refusal) || refusal.Code != robot.code || strings.Contains(err.Error(), "canary") {
				t.Errorf("a refusal inside a 200 = %v, want %s", err, robot.code)
			}
		})
	}
}

func TestManyShopsOfOneCauseAreOneMessage(t *testing.T) {
	r := newReceiver(t)
	r.answers(says(`{"errcode":0}`))
	h := newHouse(t, r.host())
	h.alarm(map[string]string{"url": r.URL}, store.Rule{Channel: "wecom", Language: "en"})
	var events []gk.Event
	for i := range 300 {
		events = append(events, gk.Event{Kind: gk.EventGrantNeedsAuthorization, Grant: fmt.Sprintf("grt_%03d", i)})
	}
	h.happen(append(events, gk.Event{Kind: gk.EventGrantCreated, Grant: "grt_x"})...)
	h.run()
	until(t, "the events are spread", func() bool { n, _, err := h.store.SpreadUntil(t.Context()); return err == nil && n == 302 })
	h.advance(5 * time.Second)
	until(t, "a message came", func() bool { return len(r.posts()) == 1 })
	text := r.posts()[0].body
	if strings.Contains(text, "your shop (") {
		t.Errorf("the words to forward name one shop of 300: %s", text)
	}
	if !strings.Contains(text, "300 in all") || strings.Count(text, "/grants/grt_") != 5 || !strings.Contains(text, "295 more") || !strings.Contains(text, "To forward to the merchant") {
		t.Errorf("the message of 300 shops is %s", text)
	}
	h.happen(gk.Event{Kind: gk.EventGrantNeedsAuthorization, Grant: "grt_late"})
	h.happen(gk.Event{Kind: gk.EventGrantAuthorized, Grant: "grt_007"}, gk.Event{Kind: gk.EventGrantAuthorized, Grant: "grt_other"})
	until(t, "they are spread", func() bool { n, _, err := h.store.SpreadUntil(t.Context()); return err == nil && n == 305 })
	h.advance(5 * time.Second)
	until(t, "the recovery is told", func() bool { return len(r.posts()) == 2 })
	if text := r.posts()[1].body; !strings.Contains(text, "grt_007") || strings.Contains(text, "grt_other") || strings.Contains(text, "grt_late") {
		t.Errorf("within the group's time came %s", text)
	}
	h.advance(11 * time.Minute)
	until(t, "the late one is told", func() bool { return len(r.posts()) == 3 })
}

func TestGroupIsRememberedAfterAFailure(t *testing.T) {
	r := newReceiver(t)
	r.answers(status(http.StatusInternalServerError))
	h := newHouse(t, r.host())
	a := h.alarm(map[string]string{"url": r.URL}, store.Rule{Channel: "wecom"})
	h.happen(gk.Event{Kind: gk.EventGrantExpired, Grant: "grt_1"})
	h.run()
	until(t, "it is spread", func() bool { n, _, err := h.store.SpreadUntil(t.Context()); return err == nil && n == 2 })
	standing := func() store.Outlet {
		o, err := h.store.Outlet(t.Context(), store.AlarmForm, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	h.advance(5 * time.Second)
	until(t, "the channel is known to fail", func() bool { o := standing(); return !o.FailingSince.IsZero() && o.BusyUntil.IsZero() })
	r.answers(says(`{"errcode":0}`))
	h.advance(10 * time.Second)
	until(t, "it is told", func() bool {
		o := standing()
		return o.FailingSince.IsZero() && o.BusyUntil.IsZero() && len(r.posts()) == 2
	})
	told := false
	for key := range standing().State {
		told = told || strings.HasPrefix(key, gk.EventGrantExpired)
	}
	if !told {
		t.Errorf("after its recovery the alarm remembers %v, want the group that it told", standing().State)
	}
}

func TestQuietHoursHoldWhatIsNotCritical(t *testing.T) {
	r := newReceiver(t)
	r.answers(says(`{"errcode":0}`))
	h := newHouse(t, r.host())
	h.advance(5 * time.Hour) // 01:00 in Shanghai
	h.alarm(map[string]string{"url": r.URL}, store.Rule{Channel: "wecom", Language: "zh-CN", Quiet: &store.Quiet{From: "22:00", Until: "08:00", Zone: "Asia/Shanghai"}})
	h.happen(gk.Event{Kind: gk.EventGrantExpired, Grant: "grt_1"}, gk.Event{Kind: gk.EventAppPaused})
	h.run()
	until(t, "the events are spread", func() bool { n, _, err := h.store.SpreadUntil(t.Context()); return err == nil && n == 3 })
	h.advance(5 * time.Second)
	until(t, "what is critical is told", func() bool { return len(r.posts()) == 1 && strings.Contains(r.posts()[0].body, gk.EventAppPaused) })
	h.advance(7*time.Hour + time.Minute)
	until(t, "the rest is told in the morning", func() bool { return len(r.posts()) == 2 && strings.Contains(r.posts()[1].body, gk.EventGrantExpired) })
}

func TestMessagesAreFewAMinute(t *testing.T) {
	r := newReceiver(t)
	r.answers(says(`{"errcode":0}`))
	h := newHouse(t, r.host())
	h.alarm(map[string]string{"url": r.URL}, store.Rule{Channel: "wecom"})
	var events []gk.Event
	for i := range 30 {
		events = append(events, gk.Event{Kind: gk.EventAppPaused, App: fmt.Sprintf("app_%d", i)})
	}
	h.happen(events...)
	h.run()
	until(t, "the events are spread", func() bool { n, _, err := h.store.SpreadUntil(t.Context()); return err == nil && n == 31 })
	h.advance(5 * time.Second)
	until(t, "twenty came", func() bool { return len(r.posts()) == 20 })
	h.advance(time.Minute)
	until(t, "all came", func() bool { return len(r.posts()) == 30 })
}

func TestHostileNamesAreHarmlessInAMessage(t *testing.T) {
	r := newReceiver(t)
	r.answers(says(`{"errcode":0}`))
	h := newHouse(t, r.host())
	g := gk.Grant{
		ID: gk.NewID("grt", h.clock()), App: h.app.ID, State: gk.Expired,
		Origin:    gk.Origin{PairSpent: -1},
		CreatedAt: h.clock(),
		Subject:   gk.Subject{Kind: gk.KindShop, ID: "1", Name: "a\r\nX: y @all [x](http://evil.example) <at user_id=\"all\">"},
	}
	err := h.store.PutGrants(t.Context(), h.app.ID, "", "", []gk.Subject{g.Subject}, h.clock(),
		func([]gk.Grant, *gk.Authorization, *gk.Click) ([]gk.Grant, []gk.Event, error) {
			return []gk.Grant{g}, nil, nil
		})
	if err != nil {
		t.Fatal(err)
	}
	h.alarm(map[string]string{"url": r.URL}, store.Rule{Channel: "wecom"})
	h.happen(gk.Event{Kind: gk.EventGrantExpired, Grant: g.ID})
	h.run()
	until(t, "it is spread", func() bool { n, _, err := h.store.SpreadUntil(t.Context()); return err == nil && n == 2 })
	h.advance(5 * time.Second)
	until(t, "it came", func() bool { return len(r.posts()) == 1 })
	for _, bad := range []string{"@all", "http://", "<at", "](", `\r`, `\nX: y`} {
		if strings.Contains(r.posts()[0].body, bad) {
			t.Errorf("the message holds %q: %s", bad, r.posts()[0].body)
		}
	}
}

func TestAlarmsAreCheckedWhenTheyAreMade(t *testing.T) {
	h := newHouse(t)
	good := map[string]string{"url": "https://robot.example/x"}
	for _, c := range []struct {
		settings map[string]string
		rule     store.Rule
		field    string
	}{
		{good, store.Rule{Channel: "pigeon"}, "channel"},
		{map[string]string{}, store.Rule{Channel: "wecom"}, "settings.url"},
		{map[string]string{"url": "https://127.0.0.1/"}, store.Rule{Channel: "wecom"}, "settings.url"},
		{map[string]string{"url": "https://robot.example/x", "colour": "red"}, store.Rule{Channel: "wecom"}, "settings.colour"},
		{map[string]string{"token": "a/b", "chat": "1"}, store.Rule{Channel: "telegram"}, "settings.token"},
		{map[string]string{"smtp": "smtp://mail.example:2525", "from": "a@example.com", "to": "b@example.com"}, store.Rule{Channel: "email"}, "settings.smtp"},
		{map[string]string{"smtp": "smtps://u:p@mail.example", "from": "a@example.com", "to": "b@example.com"}, store.Rule{Channel: "email"}, "settings.smtp"},
		{map[string]string{"smtp": "smtps://mail.example", "from": "nobody", "to": "b@example.com"}, store.Rule{Channel: "email"}, "settings.from"},
		{good, store.Rule{Channel: "wecom", Kinds: []string{"grant.lost"}}, "kinds"},
		{good, store.Rule{Channel: "wecom", Quiet: &store.Quiet{From: "22:00", Until: "08:00", Zone: "Nowhere"}}, "quiet"},
	} {
		_, err := h.news.CreateAlarm(t.Context(), all, c.settings, c.rule)
		var bad *gk.Invalid
		if !errors.As(err, &bad) || bad.Field != c.field {
			t.Errorf("%v, %+v = %v, want a mistake in %s", c.settings, c.rule, err, c.field)
		}
	}
	a := h.alarm(map[string]string{"url": "https://robot.example/x", "secret": "SEC"}, store.Rule{Channel: "dingtalk"})
	_, err := h.news.UpdateAlarm(t.Context(), all, a.ID, notify.AlarmChange{Settings: map[string]string{"url": "https://other.example/x", "secret": "***"}})
	if err == nil {
		t.Error("a secret follows to another address")
	}
	if _, err = h.news.UpdateAlarm(t.Context(), all, a.ID, notify.AlarmChange{Settings: map[string]string{"url": "***", "secret": "***"}}); err != nil {
		t.Errorf("an alarm that is left as it is = %v", err)
	}
}
