package notify_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

// textOf is the text of a WeCom message.
func textOf(t *testing.T, p post) string {
	t.Helper()
	var m struct {
		Text struct{ Content string }
	}
	if err := json.Unmarshal([]byte(p.body), &m); err != nil {
		t.Fatal(err)
	}
	return m.Text.Content
}

// to returns what came to a path.
func (r *receiver) to(path string) (list []post) {
	for _, p := range r.posts() {
		if p.path == path {
			list = append(list, p)
		}
	}
	return list
}

// TestDigestTellsHowAllStands: every day at its time, in the alarm's language and zone, within its limits; once, and again
// while the channel does not take it.
func TestDigestTellsHowAllStands(t *testing.T) {
	r := newReceiver(t)
	r.answers(says(`{"errcode":0}`))
	h := newHouse(t, r.host()) // it is 20:00 in Shanghai on 1 March
	g := h.due(h.clock().Add(72 * time.Hour))
	err := h.store.UpdateGrant(t.Context(), gk.Engine(), g.ID, h.clock(), func(g *gk.Grant) ([]gk.Event, error) {
		g.Owner, g.Expires, g.Renewable = "ann", h.clock().Add(5*24*time.Hour), false
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	at := &store.Digest{At: "09:00", Zone: "Asia/Shanghai"}
	kinds := []string{gk.EventKeyVolume}
	en := h.alarm(map[string]string{"url": r.URL + "/en"}, store.Rule{Channel: "wecom", Language: "en", Kinds: kinds, Digest: at})
	h.alarm(map[string]string{"url": r.URL + "/zh"}, store.Rule{Channel: "wecom", Language: "zh-CN", Kinds: kinds, Digest: at, Owners: []string{"bob"}})
	h.alarm(map[string]string{"url": r.URL + "/shopee"}, store.Rule{Channel: "wecom", Language: "zh-TW", Kinds: kinds, Digest: at, Platforms: []string{"shopee"}})
	h.run()
	h.advance(12 * time.Hour)
	h.happen(gk.Event{Kind: gk.EventGrantCreated, Owner: "ann"}, gk.Event{Kind: gk.EventGrantCreated, Owner: "ann"}, gk.Event{Kind: gk.EventGrantRevoked, Owner: "bob"})
	h.advance(time.Hour)
	until(t, "all have their digest", func() bool { return len(r.posts()) == 3 })
	want := "［Grantkeep］ Daily digest of 2026-03-02\nGrants: 1 in all, 1 well\n· Shoplazza: 1 well\n" +
		"Ends that need the merchant: 0 within a day, 1 within 7 days, 1 within 30 days.\nIn the last 24 hours: 2 new, 1 withdrawn\nConsole: https://console.example"
	if got := textOf(t, r.to("/en")[0]); got != want {
		t.Errorf("in English it is\n%s\nwant\n%s", got, want)
	}
	if got := textOf(t, r.to("/zh")[0]); !strings.Contains(got, "还没有授权。") || !strings.Contains(got, "取消 1") || strings.Contains(got, "新增") {
		t.Errorf("for one owner, in Chinese, it is\n%s", got)
	}
	if got := textOf(t, r.to("/shopee")[0]); !strings.Contains(got, "還沒有授權。") || !strings.Contains(got, "沒有變化") {
		t.Errorf("for a platform without apps it is\n%s", got)
	}
	r.answers(status(http.StatusInternalServerError))
	h.advance(24 * time.Hour)
	tried := func() int64 {
		o, err := h.store.Outlet(t.Context(), store.AlarmForm, en.ID)
		if err != nil {
			t.Fatal(err)
		}
		return o.State["digest tried"]
	}
	until(t, "the next day's was tried", func() bool { return len(r.posts()) == 6 && tried() == 1 })
	r.answers(says(`{"errcode":0}`))
	h.advance(5 * time.Minute)
	until(t, "it is sent again", func() bool { return len(r.posts()) == 9 && tried() == 0 })
	h.advance(12 * time.Hour)
	if _, err := h.news.UpdateAlarm(t.Context(), all, en.ID, notify.AlarmChange{Rule: func(r *store.Rule) { r.Digest = nil }}); err != nil {
		t.Fatal(err)
	}
	h.advance(12 * time.Hour)
	until(t, "the others have the third day's", func() bool { return len(r.posts()) == 11 })
	if n := len(r.to("/en")); n != 3 {
		t.Errorf("an alarm that has no digest any more got %d", n)
	}
}

// TestDigestBeginsWithTheNextDay: whoever sets a digest for nine at noon is not told of the morning.
func TestDigestBeginsWithTheNextDay(t *testing.T) {
	r := newReceiver(t)
	r.answers(says(`{"errcode":0}`))
	h := newHouse(t, r.host())
	a := h.alarm(map[string]string{"url": r.URL}, store.Rule{Channel: "wecom", Kinds: []string{gk.EventKeyVolume}})
	h.run()
	h.advance(10 * 24 * time.Hour)
	change := notify.AlarmChange{Rule: func(r *store.Rule) { r.Digest = &store.Digest{At: "11:00", Zone: "Etc/UTC"} }}
	if _, err := h.news.UpdateAlarm(t.Context(), all, a.ID, change); err != nil {
		t.Fatal(err)
	}
	looked := h.looks()
	h.advance(2 * time.Minute)
	until(t, "somebody looks", func() bool { return h.looks() > looked })
	h.advance(22*time.Hour + 58*time.Minute)
	until(t, "the next day's came", func() bool { return len(r.posts()) == 1 })
	if got := textOf(t, r.posts()[0]); !strings.Contains(got, "2026-03-12") {
		t.Errorf("it is\n%s", got)
	}
	change = notify.AlarmChange{Rule: func(r *store.Rule) { r.Digest = &store.Digest{At: "9 o'clock", Zone: "Etc/UTC"} }}
	if _, err := h.news.UpdateAlarm(t.Context(), all, a.ID, change); err == nil {
		t.Error("a digest at 9 o'clock is taken")
	}
}
