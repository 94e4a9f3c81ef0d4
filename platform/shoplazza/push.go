package shoplazza

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// uninstalled is the one topic that is about a grant.
const uninstalled = "app/uninstalled"

// SubscribeRequests asks a store to tell us when its merchant uninstalls the app. The platform deletes a subscription
// after 19 failed deliveries; asking again brings it back.
func (d driver) SubscribeRequests(app platform.App, cred platform.Credential) ([]*platform.Request, error) {
	if forPartner(app, cred.Subject) {
		return nil, nil
	}
	if !strings.HasPrefix(app.PushURL, "https://") && !app.Overridden("api") {
		return nil, errors.New("shoplazza: subscribe: push_url must be a public https address")
	}
	body, err := plainJSON(struct {
		Topic   string `json:"topic"`
		Address string `json:"address"`
	}{uninstalled, app.PushURL})
	if err != nil {
		return nil, err
	}
	r, err := d.request(app, cred, platform.Call{Method: http.MethodPost, Path: webhooksPath, Body: body})
	if err != nil {
		return nil, err
	}
	return []*platform.Request{r}, nil
}

// Receive checks a webhook and reads it. The signature covers the raw body only; topic and store are headers that
// anybody who has seen one genuine webhook can change, so a notice is a reason to ask, never a proof. The store's id
// comes from the body where it has one, the host from the header.
func (d driver) Receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	if in.Method != "" && in.Method != http.MethodPost {
		return platform.Delivery{}, &platform.BadCallback{Why: "not a POST"}
	}
	for _, name := range []string{"X-Shoplazza-Hmac-Sha256", "X-Shoplazza-Topic", "X-Shoplazza-Shop-Domain"} {
		if len(in.Header.Values(name)) != 1 {
			return platform.Delivery{}, &platform.BadCallback{
				Why:   name + " is missing or repeated",
				Fault: d.spec.Catalogue.Local(platform.StagePush, "local:webhook_hmac_mismatch"),
			}
		}
	}
	matched, err := provePush(app, in)
	if err != nil {
		return platform.Delivery{}, err
	}
	host, err := d.spec.HostOf("store", in.Header.Get("X-Shoplazza-Shop-Domain"))
	if err != nil {
		return platform.Delivery{}, &platform.BadCallback{
			Why:   "X-Shoplazza-Shop-Domain is not a store's host",
			Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "local:shop_host_rejected"),
		}
	}
	topic := in.Header.Get("X-Shoplazza-Topic")
	notice := platform.Notice{
		Kind:     platform.NoticeOther,
		Subjects: []gk.Subject{{Kind: gk.KindShop, ID: storeIn(in.Body, topic), Host: host}},
		Dedup:    in.Header.Get("X-Shoplazza-Deduplication-ID"),
	}
	if topic == uninstalled {
		notice.Kind = platform.NoticeRevoked
	}
	if notice.Dedup == "" {
		notice.Dedup = platform.DedupOf(topic + "\n" + host + "\n" + string(in.Body))
	}
	return platform.Delivery{
		Notices: []platform.Notice{notice},
		Answer:  platform.Answer{Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: []byte("ok")},
		Matched: matched,
	}, nil
}

// provePush tries every secret of the app and returns which one matched.
func provePush(app platform.App, in platform.Incoming) (string, error) {
	given, err := base64.StdEncoding.DecodeString(in.Header.Get("X-Shoplazza-Hmac-Sha256"))
	if err != nil {
		return "", fmt.Errorf("%w: X-Shoplazza-Hmac-Sha256 is not base64 (callbacks use hex, webhooks do not)", platform.ErrForged)
	}
	tried := false
	for i, secret := range app.Secrets["client_secret"] {
		if secret.Empty() {
			continue
		}
		tried = true
		mac := hmac.New(sha256.New, []byte(secret.Reveal()))
		mac.Write(in.Body)
		if hmac.Equal(mac.Sum(nil), given) {
			return fmt.Sprintf("client_secret#%d", i+1), nil
		}
	}
	if !tried {
		return "", missing("verify", "client_secret")
	}
	return "", fmt.Errorf("%w: X-Shoplazza-Hmac-Sha256 is not the HMAC-SHA256 of the raw body with this client_secret", platform.ErrForged)
}

// storeIn returns the store's id that a body states, empty if none. What app/uninstalled carries is not published; an
// `id` there is the store's, in other topics it is an order's or a product's.
func storeIn(body []byte, topic string) string {
	var b struct {
		StoreID text `json:"store_id"`
		ShopID  text `json:"shop_id"`
		ID      text `json:"id"`
	}
	if json.Unmarshal(body, &b) != nil {
		return ""
	}
	candidates := []text{b.StoreID, b.ShopID}
	if topic == uninstalled {
		candidates = append(candidates, b.ID)
	}
	for _, id := range candidates {
		if isID(string(id)) {
			return string(id)
		}
	}
	return ""
}
