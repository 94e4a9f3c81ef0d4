package taobao_test

import (
	"crypto/md5"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// params are those of a gateway call, unsigned: change holds names and values that differ, "-" leaves out.
func (w *world) params(method string, change ...string) map[string]string {
	p := map[string]string{
		"method": method, "app_key": w.key(), "v": "2.0", "format": "json", "sign_method": "md5",
		"timestamp": w.Now().In(time.FixedZone("GMT+8", 8*3600)).Format(time.DateTime),
	}
	for i := 0; i < len(change); i += 2 {
		p[change[i]] = change[i+1]
		if change[i+1] == "-" {
			delete(p, change[i])
		}
	}
	return p
}

// signed adds the signature, as the documents tell it, in MD5.
func (w *world) signed(p map[string]string) url.Values {
	var b strings.Builder
	values := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(p)) {
		b.WriteString(name + p[name])
		values.Set(name, p[name])
	}
	sum := md5.Sum([]byte(w.secret() + b.String() + w.secret()))
	values.Set("sign", strings.ToUpper(hex.EncodeToString(sum[:])))
	return values
}

// call makes a call of the gateway by form.
func (w *world) call(method string, change ...string) reply {
	w.Helper()
	return w.ask("POST", w.Base+"/router/rest", formType, w.signed(w.params(method, change...)).Encode())
}

// refused returns code and sub_code of a call's error: "53 isv.w2-security-authorize-invalid", empty for a success.
func (r reply) refused() string {
	e := at(r.Body, "error_response")
	return strings.TrimSpace(text(at(e, "code")) + " " + text(at(e, "sub_code")))
}

// messages fetches what waits for the app.
func (w *world) messages() []map[string]any {
	w.Helper()
	r := w.call("taobao.tmc.messages.consume", "quantity", "100")
	listed, ok := at(r.Body, "tmc_messages_consume_response", "messages", "tmc_message").([]any)
	if !ok {
		w.Fatalf("consume = %s", r.Text)
	}
	var found []map[string]any
	for _, m := range listed {
		found = append(found, m.(map[string]any))
	}
	return found
}

func topics(messages []map[string]any) []string {
	var names []string
	for _, m := range messages {
		names = append(names, text(m["topic"]))
	}
	return names
}
