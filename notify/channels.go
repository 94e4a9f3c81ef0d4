package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/outbound"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// message is what an alarm says.
type message struct {
	id     string // stable, for a webhook's header
	title  string
	text   string
	events []Event
}

// Refusal is a channel that took a request and refused the message: by its status, or inside a 200.
type Refusal struct{ Code string }

// Error names the channel's own code. Its words are left out: an address is anybody's, and so is what answers there.
func (r *Refusal) Error() string { return "the channel refuses the message: " + r.Code }

// channel is one way to people. The robots' forms are written from their public documents.
type channel struct {
	needs, may []string // settings
	secret     []string // of them, shown masked
	body       func(n *News, p private, m message, now time.Time) (address string, body any, err error)
	refused    func(answer []byte) string // the code of a refusal inside a 200; empty: it was taken
}

var channels = map[string]channel{
	"dingtalk": {needs: []string{"url"}, may: []string{"secret"}, secret: []string{"url", "secret"}, body: dingtalk, refused: errcode("errcode")},
	"wecom":    {needs: []string{"url"}, secret: []string{"url"}, body: wecom, refused: errcode("errcode")},
	"feishu":   {needs: []string{"url"}, may: []string{"secret"}, secret: []string{"url", "secret"}, body: feishu, refused: errcode("code", "StatusCode")},
	"lark":     {needs: []string{"url"}, may: []string{"secret"}, secret: []string{"url", "secret"}, body: feishu, refused: errcode("code", "StatusCode")},
	"slack":    {needs: []string{"url"}, secret: []string{"url"}, body: slack},
	"teams":    {needs: []string{"url"}, secret: []string{"url"}, body: teams},
	"telegram": {needs: []string{"token", "chat"}, may: []string{"base"}, secret: []string{"token"}, body: telegram, refused: telegramCode},
	"email":    {needs: []string{"smtp", "from", "to"}, may: []string{"password"}, secret: []string{"password"}},
	"webhook":  {needs: []string{"url"}, may: []string{"secret"}, secret: []string{"url", "secret"}, body: generic},
}

// Channels lists the names.
func Channels() []string { return slices.Sorted(maps.Keys(channels)) }

// telegramBase is where bots speak.
const telegramBase = "https://api.telegram.org"

// sentAtOnce is how much of a text the narrowest channel takes, in bytes.
const longestText = 1800

func dingtalk(_ *News, p private, m message, now time.Time) (string, any, error) {
	address := p.Settings["url"]
	if secret := p.Settings["secret"]; secret != "" {
		stamp := strconv.FormatInt(now.UnixMilli(), 10)
		u, err := url.Parse(address)
		if err != nil {
			return "", nil, errors.New("the address cannot be read")
		}
		q := u.Query()
		q.Set("timestamp", stamp)
		q.Set("sign", mac(secret, stamp+"\n"+secret))
		u.RawQuery = q.Encode()
		address = u.String()
	}
	return address, map[string]any{
		"msgtype": "text", "text": map[string]any{"content": m.text}, "at": map[string]any{"isAtAll": false},
	}, nil
}

func wecom(_ *News, p private, m message, _ time.Time) (string, any, error) {
	return p.Settings["url"], map[string]any{"msgtype": "text", "text": map[string]any{"content": m.text}}, nil
}

// feishu signs with the string to sign as the key, over nothing: so its documents have it.
func feishu(_ *News, p private, m message, now time.Time) (string, any, error) {
	body := map[string]any{"msg_type": "text", "content": map[string]any{"text": m.text}}
	if secret := p.Settings["secret"]; secret != "" {
		stamp := strconv.FormatInt(now.Unix(), 10)
		body["timestamp"], body["sign"] = stamp, mac(stamp+"\n"+secret, "")
	}
	return p.Settings["url"], body, nil
}

func slack(_ *News, p private, m message, _ time.Time) (string, any, error) {
	text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(m.text)
	return p.Settings["url"], map[string]any{"text": text, "mrkdwn": false, "unfurl_links": false}, nil
}

// teams takes an adaptive card, whose text block reads a part of Markdown.
func teams(_ *News, p private, m message, _ time.Time) (string, any, error) {
	text := strings.NewReplacer("\\", "\\\\", "*", "\\*", "_", "\\_", "#", "\\#", "\n", "\n\n").Replace(m.text)
	card := map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"body": []any{map[string]any{"type": "TextBlock", "text": text, "wrap": true}},
	}
	return p.Settings["url"], map[string]any{
		"type": "message", "attachments": []any{map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}},
	}, nil
}

func telegram(_ *News, p private, m message, _ time.Time) (string, any, error) {
	address := strings.TrimSuffix(firstText(p.Settings["base"], telegramBase), "/") + "/bot" + p.Settings["token"] + "/sendMessage"
	return address, map[string]any{
		"chat_id": p.Settings["chat"], "text": m.text, "link_preview_options": map[string]any{"is_disabled": true},
	}, nil
}

func generic(_ *News, p private, m message, _ time.Time) (string, any, error) {
	return p.Settings["url"], map[string]any{"title": m.title, "text": m.text, "count": len(m.events), "events": m.events[:min(len(m.events), shownEvents)]}, nil
}

// mac is HMAC-SHA256 in base64.
func mac(key, text string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// errcode reads a refusal by the first of some members that is there; one that is not zero refuses.
func errcode(names ...string) func([]byte) string {
	return func(answer []byte) string {
		var members map[string]json.RawMessage
		if json.Unmarshal(answer, &members) != nil {
			return "no JSON"
		}
		for _, name := range names {
			if raw, ok := members[name]; ok {
				code, err := strconv.ParseInt(string(raw), 10, 64)
				if err != nil {
					return "no " + name
				}
				if code == 0 {
					return ""
				}
				return name + " " + strconv.FormatInt(code, 10)
			}
		}
		return "no " + names[0]
	}
}

func telegramCode(answer []byte) string {
	var a struct {
		OK        bool  `json:"ok"`
		ErrorCode int64 `json:"error_code"`
	}
	if json.Unmarshal(answer, &a) != nil {
		return "no JSON"
	}
	if a.OK {
		return ""
	}
	return fmt.Sprintf("error_code %d", a.ErrorCode)
}

// tell sends a message through a channel. Errors are *Refusal, or say a class.
func (n *News) tell(ctx context.Context, name string, p private, m message) error {
	if name == "email" {
		return n.mail(ctx, p, m)
	}
	c := channels[name]
	address, body, err := c.body(n, p, m, time.Now())
	if err != nil {
		return err
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var answer *outbound.Answer
	if name == "webhook" && p.Settings["secret"] != "" {
		signing := private{Secrets: []signingSecret{{Value: p.Settings["secret"]}}}
		answer, err = n.post(ctx, signing, address, m.id, raw, n.o.Keeper.Now())
	} else {
		var req *http.Request
		if req, err = http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(raw)); err != nil {
			return errors.New("the address cannot be read")
		}
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		answer, err = n.o.Gate.Send(ctx, req, outbound.Policy{Public: true, Timeout: answerWithin, MaxBody: readOfAnswer})
	}
	if err != nil {
		return err
	}
	if answer.Status < 200 || answer.Status >= 300 {
		return &Refusal{"status " + strconv.Itoa(answer.Status)}
	}
	if c.refused != nil {
		if code := c.refused(answer.Body); code != "" {
			return &Refusal{code}
		}
	}
	return nil
}

// checkSettings refuses settings that a channel has not, or lacks, and addresses that are never dialled.
func (n *News) checkSettings(name string, settings map[string]string) error {
	c, ok := channels[name]
	if !ok {
		return &gk.Invalid{Field: "channel", Why: "is none of " + strings.Join(Channels(), ", ")}
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if !slices.Contains(c.needs, key) && !slices.Contains(c.may, key) {
			return &gk.Invalid{Field: "settings." + oneLine(key), Why: "is no setting of this channel; it has " + strings.Join(append(slices.Clone(c.needs), c.may...), ", ")}
		}
		if len(settings[key]) > 2000 || strings.ContainsFunc(settings[key], func(r rune) bool { return r < ' ' }) {
			return &gk.Invalid{Field: "settings." + key, Why: "is longer than 2000 bytes, or holds a control character"}
		}
	}
	for _, key := range c.needs {
		if settings[key] == "" {
			return &gk.Invalid{Field: "settings." + key, Why: "is missing"}
		}
	}
	if address := settings["url"]; address != "" {
		if err := n.checkURL("settings.url", address); err != nil {
			return err
		}
	}
	switch name {
	case "telegram":
		if strings.Trim(settings["token"], "0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-") != "" {
			return &gk.Invalid{Field: "settings.token", Why: "is no token of a bot"}
		}
		return n.checkURL("settings.base", firstText(settings["base"], telegramBase))
	case "webhook":
		if s := settings["secret"]; s != "" && !validSecret(s) {
			return &gk.Invalid{Field: "settings.secret", Why: "is no secret of Standard Webhooks: whsec_ and the base64 of 24 to 64 bytes"}
		}
	case "email":
		return n.checkMail(settings)
	}
	return nil
}

// SettingsOf names the settings of a channel: those that it needs, those that it may have, and those of both that are shown
// masked.
func SettingsOf(name string) (needs, may, secret []string) {
	c := channels[name]
	return c.needs, c.may, c.secret
}
