package console_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/store"
)

func TestTheFirstCharacterThatDiffersIsMarked(t *testing.T) {
	h := newHouse(t)
	v := h.login(store.RoleSupport)
	input := `{"platform":"shopee","do":"call","now":"2025-10-09T08:53:20Z","app":{"partner_id":"2008899","partner_key":"` + canary + `"},` +
		`"subject":{"kind":"shop","id":"77001234"},"token":{"access":"made-up-token"},"call":{"method":"GET","path":"/api/v2/shop/get_shop_info"}}`
	signed := func(theirs string) string {
		t.Helper()
		a := v.post("/console/tools", "do", "request", "input", strings.ReplaceAll(input, canary, "a-made-up-key-of-the-partner-0123456789"), "signed", theirs)
		if a.status != http.StatusOK {
			t.Fatalf("signing = %d", a.status)
		}
		return a.body
	}
	out := regexp.MustCompile(`(?s)<pre class="code pick" id="output">(.*?)</pre>`).FindStringSubmatch(signed(""))
	if out == nil {
		t.Fatal("there is no answer")
	}
	var request struct {
		SignedText string `json:"signed_text"`
	}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(out[1], "&#34;", `"`)), &request); err != nil || !strings.Contains(request.SignedText, "1760000000") {
		t.Fatalf("the right text is %q, %v", request.SignedText, err)
	}
	if body := signed(request.SignedText); !strings.Contains(body, "You signed the right text") {
		t.Error("the right text is not called right")
	}
	body := signed(strings.Replace(request.SignedText, "1760000000", "1760000000000", 1))
	at := strings.Index(request.SignedText, "1760000000") + len("1760000000")
	for _, want := range []string{
		"The texts differ from character " + strings.TrimSpace(string(rune('0'+(at+1)/10))) + string(rune('0'+(at+1)%10)) + " on",
		"1760000000</span><mark>0</mark><span>00", "1760000000</span><mark>m</mark>",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if body := signed(request.SignedText[:10]); !strings.Contains(body, "<mark>ends here</mark>") {
		t.Error("a text that is too short is not told")
	}
}

func TestTheTextOfAMessageIsCompared(t *testing.T) {
	h := newHouse(t)
	v := h.login(store.RoleSupport)
	input := `{"platform":"shopee","kind":"push","app":{"partner_id":"2008899","partner_key":"a-made-up-key-of-the-partner-0123456789","push_key":"another-made-up-key-0123456789"},` +
		`"request":{"method":"POST","url":"https://auth.example.org/push/app","headers":{"Authorization":"00"},"body":"{\"code\":1}"}}`
	body := v.post("/console/tools", "do", "verify", "input", input, "signed", `http://auth.example.org/push/app|{"code":1}`).body
	if !strings.Contains(body, "The texts differ from character 5 on") || !strings.Contains(body, "http</span><mark>s</mark>") {
		t.Errorf("the difference is not told: %q", regexp.MustCompile(`(?s)<dl class="compared">.*?</dl>`).FindString(body))
	}
}

func TestToolsSignWithAnAppThatIsNamedAndShowNoSecret(t *testing.T) {
	h := newHouse(t)
	app := h.app("shopee")
	in := `{"do":"refresh","subject":{"kind":"shop","id":"77001234"},"token":{"access":"made-up","refresh":"made-up"}}`
	v := h.login(store.RoleAdministrator)
	v.get("/console/tools?do=request").says(t, "the form", `<option value="`+app+`">`)
	a := v.post("/console/tools", "do", "request", "app", app, "input", in)
	a.says(t, "the answer", "/api/v2/auth/access_token/get", "partner_id=1000001", "sign=")
	lines, err := h.store.AuditAfter(t.Context(), store.AuditFilter{Limit: 100})
	if err != nil || !slices.ContainsFunc(lines, func(e store.AuditEntry) bool { return e.Action == "app.sign" && e.App == app }) {
		t.Errorf("the audit does not have the use of the app's secret (%v)", err)
	}
	other := h.login(store.RoleOperator)
	if page := other.get("/console/tools?do=request"); strings.Contains(page.body, app) {
		t.Error("an operator may sign with the secret of an app")
	}
	if a := other.post("/console/tools", "do", "request", "app", app, "input", in); strings.Contains(a.body, "partner_id=1000001") {
		t.Error("an operator signs with the secret of an app")
	}
}
