package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/grantkeep/grantkeep/offline"
)

// toolView is the offline commands in a form.
type toolView struct {
	page
	Do, Input, Output string
	Failed            bool
	Tools             []string
	Verdict           string // of verify
	Good              bool
	Why               string
}

// tools are the offline commands; the console's words for the first is to sign.
var tools = []string{"request", "verify", "parse"}

// examples fill the form with something to begin with.
var examples = map[string]string{
	"request": `{"platform":"shopee","do":"call","app":{"partner_id":"1000001","partner_key":"made-up"},` +
		`"subject":{"kind":"shop","id":"77001234"},"token":{"access":"made-up"},"call":{"method":"GET","path":"/api/v2/shop/get_shop_info"}}`,
	"verify": `{"platform":"shoplazza","kind":"push","app":{"client_id":"made-up","client_secret":"made-up"},` +
		`"request":{"method":"POST","url":"https://auth.example.org/push/app","headers":{"X-Shoplazza-Hmac-Sha256":"made-up"},"body":"{}"}}`,
	"parse": `{"platform":"eleme","stage":"refresh","status":200,"body":"{\"error\":\"invalid_grant\"}"}`,
}

func (c *console) newTool(v *visit, do string) toolView {
	p := v.page
	p.Section = "tools"
	if !slices.Contains(tools, do) {
		do = tools[0]
	}
	return toolView{page: p, Do: do, Tools: tools, Input: examples[do]}
}

// toolPage asks for the input of an offline command.
func (c *console) toolPage(v *visit) error {
	return v.show(http.StatusOK, toolForm(c.newTool(v, v.r.URL.Query().Get("do"))))
}

// tool computes here what an offline command says. Nothing is sent to a platform, and nothing of the input is kept.
func (c *console) tool(v *visit) error {
	view := c.newTool(v, v.field("do"))
	view.Input = v.field("input")
	var line strings.Builder
	if compact, err := compactJSON(view.Input); err == nil {
		line.WriteString(compact)
	} else {
		view.Output, view.Failed = view.T("tools.json", "Where", err.Error()), true
		return v.show(http.StatusUnprocessableEntity, toolForm(view))
	}
	out, err := c.offline().Line(view.Do, []byte(line.String()))
	if err != nil {
		view.Output, view.Failed = err.Error(), true
		return v.show(http.StatusUnprocessableEntity, toolForm(view))
	}
	view.Output = indented(out)
	if view.Do == "verify" {
		var verdict struct {
			OK  bool   `json:"ok"`
			Why string `json:"why"`
		}
		if err := json.Unmarshal(out, &verdict); err == nil {
			view.Good, view.Why, view.Verdict = verdict.OK, verdict.Why, view.T("sign.wrong")
			if verdict.OK {
				view.Verdict = view.T("sign.same")
			}
		}
	}
	return v.show(http.StatusOK, toolForm(view))
}

// offline is the drivers' pure half, at the moment that the keeper takes for the present.
func (c *console) offline() offline.Commands {
	return offline.Commands{Drivers: c.o.Drivers, Now: c.keeper.Now}
}

// compactJSON puts a JSON object on one line. An error names line and column, and nothing of the text.
func compactJSON(text string) (string, error) {
	var whole json.RawMessage
	err := json.Unmarshal([]byte(text), &whole)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		before := text[:min(int(syntax.Offset), len(text))]
		line := strings.Count(before, "\n") + 1
		return "", fmt.Errorf("%d:%d", line, len(before)-strings.LastIndexByte(before, '\n')-1)
	}
	var b bytes.Buffer
	if err != nil || json.Compact(&b, whole) != nil {
		return "", errors.New("1:1")
	}
	return b.String(), nil
}

// indented writes JSON for people.
func indented(text []byte) string {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return string(text)
	}
	return b.String()
}
