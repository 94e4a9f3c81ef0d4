package all_test

import (
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// TestAGoodStatusAloneIsNoSuccess gives each driver answers to a call that somebody else wrote: a page, an error in
// another platform's form, a refusal without words.
func TestAGoodStatusAloneIsNoSuccess(t *testing.T) {
	const page = "<!DOCTYPE html><html><head><title>Log in to the network</title></head><body></body></html>"
	for _, d := range all.Drivers() {
		code := d.Spec().Code
		app := d.Spec().Open(platform.App{Now: asked})
		diagnose := func(status int, body string) *gk.Fault {
			return d.Diagnose(app, platform.Asked{Stage: platform.StageCall, At: asked}, platform.Reply{Status: status, Body: []byte(body), Received: asked})
		}
		for name, body := range map[string]string{
			"a page": page, "another platform's refusal": `{"error_response":{"code":7,"msg":"App Call Limited","sub_code":"accesscontrol.x"}}`,
			"a refusal of a proxy": `{"errcode":40001,"errmsg":"invalid credential"}`,
		} {
			if code == "shoplazza" && name != "a page" || code == "taobao" && name == "another platform's refusal" {
				continue // there any object may be content; that form is its own
			}
			if f := diagnose(200, body); f == nil || f.Terminal || f.Message == "" && body != page {
				t.Errorf("%s: %s: %+v; want a fault that ends nothing and says what stands there", code, name, f)
			}
		}
		for _, body := range []string{"", "slow down", page, `{"msg":"slow down"}`} {
			if f := diagnose(429, body); f == nil || f.Terminal || f.Action != gk.Backoff {
				t.Errorf("%s: 429 %.12q: %+v; want a fault that waits", code, body, f)
			}
		}
	}
}
