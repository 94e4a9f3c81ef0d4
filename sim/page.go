package sim

import (
	"html/template"
	"net/http"
)

// Fields that the control call "consent" fills in.
const (
	FieldAccount  = "account"  // who logs in: a choice
	FieldShops    = "shops"    // what is agreed to: choices that may be several
	FieldDecision = "decision" // the name of the buttons approve and deny
)

// Decisions of a merchant: the values of the buttons named [FieldDecision].
const (
	Approve = "approve"
	Deny    = "deny"
)

// Page is a page that a merchant sees. It works without JavaScript, and without a browser.
type Page struct {
	Status int // 0: 200
	Title  string
	Text   []string // paragraphs
	Form   *Form    // nil: nothing to do here
	// Refusal says that the platform itself refused on this page, and how it names that.
	Refusal string
}

// Form is what a merchant fills in. It is sent by POST.
type Form struct {
	Action  string            // empty: the page's own address
	Hidden  map[string]string // carried along
	Fields  []Field
	Buttons []Button
}

// Field is one question of a form: text, or a choice when it has options.
type Field struct {
	Name, Label string
	Value       string
	Many        bool // several options may be chosen; all are, to begin with
	Options     []Choice
}

// Choice is one possible answer.
type Choice struct{ Value, Label string }

// Button sends the form.
type Button struct{ Name, Value, Label string }

// AgreeButtons are the two buttons of an authorization page.
func AgreeButtons() []Button {
	return []Button{{FieldDecision, Approve, "同意授权 Agree"}, {FieldDecision, Deny, "拒绝 Refuse"}}
}

// Look is how a platform's pages say whose they are.
type Look struct {
	ZhCN, ZhTW, En string
	Color          template.CSS // of the platform's own things, dark enough for white letters
}

// name is the platform's name in a language.
func (l Look) name(lang string) string {
	switch lang {
	case chinese:
		return l.ZhCN
	case traditional:
		return l.ZhTW
	}
	return l.En
}

// frames are the words around every page; the texts of one language say that it is not the platform.
var frames = map[string]struct{ Simulated, Foot string }{
	chinese:     {"模拟平台", "这里的一切都是虚构的，不会离开这台机器。"},
	traditional: {"模擬平台", "這裡的一切都是虛構的，不會離開這台機器。"},
	english:     {"simulator", "Everything here is made up. Nothing leaves this machine."},
}

// Show writes a page in the browser's language.
func (k *Kit) Show(w http.ResponseWriter, r *http.Request, p Page) {
	if p.Refusal != "" {
		k.Call(r).Refuse("%s", p.Refusal)
	}
	if b, ok := r.Context().Value(browserKey).(*browser); ok {
		b.page = &p
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.Status != 0 {
		w.WriteHeader(p.Status)
	}
	lang := languageOf(r)
	data := struct {
		Page
		Lang, Platform, Simulated, Foot string
		Color                           template.CSS
	}{p.translated(lang), lang, k.Look.name(lang), "", "", k.Look.Color}
	if lang == "" {
		data.Lang = chinese
		data.Simulated, data.Foot = frames[chinese].Simulated+" "+frames[english].Simulated, frames[english].Foot
	} else {
		data.Simulated, data.Foot = frames[lang].Simulated, frames[lang].Foot
	}
	if data.Platform == "" {
		data.Platform, data.Color = k.Platform, "#1f5fbf"
	}
	if err := look.Execute(w, data); err != nil {
		panic(err) // a template that does not fit its page is a mistake in this package
	}
}

// home is what stands at the root of a platform that has no page of its own there.
func (k *Kit) home() Page {
	return Page{
		Title: "模拟平台 A platform in a box",
		Text: []string{
			"商家从授权链接来到这里。A merchant comes here by an authorization link.",
			"令牌和接口的地址 Address of tokens and API: " + k.Base(),
			"商家和平台要做什么，由控制地址决定。What merchants and platform do can be told to the control address.",
		},
	}
}

var look = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} · {{.Platform}} {{.Simulated}}</title>
<style>
:root { --own: {{.Color}} }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, "PingFang SC", "PingFang TC", "Microsoft YaHei", sans-serif; color: #1f2933; background: #eef1f4; margin: 0; overflow-wrap: anywhere }
header { background: var(--own); color: #fff } header div { max-width: 32rem; margin: 0 auto; padding: .8rem 1rem; display: flex; gap: .8rem; align-items: center }
header b { font-size: 1.15rem } header span { margin-left: auto; flex: none; font-size: .8rem; border: 1px solid currentColor; border-radius: 999px; padding: .05rem .6rem }
main { max-width: 32rem; margin: 1.5rem auto 0; padding: 1.25rem 1.5rem 1.75rem; background: #fff; border: 1px solid #d5dbe1; border-radius: 10px }
h1 { font-size: 1.3rem; line-height: 1.35; margin: .2rem 0 1rem } fieldset { border: 0; padding: 0; margin: 1rem 0; min-width: 0 } legend { font-weight: 600; padding: 0 }
label { display: block; padding: .45rem 0 } .text input { width: 100%; padding: .5rem; font: inherit; border: 1px solid #7b8794; border-radius: 6px } input { accent-color: var(--own) }
button { font: inherit; min-height: 2.75rem; padding: .5rem 1.2rem; margin: .5rem .5rem 0 0; border: 1px solid #52606d; border-radius: 6px; background: #fff; color: #1f2933 }
button:first-of-type { background: var(--own); border-color: var(--own); color: #fff } button:focus-visible, input:focus-visible { outline: 3px solid #f0b429; outline-offset: 2px }
footer { max-width: 32rem; margin: 1rem auto 2rem; padding: 0 1rem; color: #52606d; font-size: .85rem } .refusal { color: #9b1c1c; font-weight: 600 }
@media (max-width: 34rem) { main { border-width: 1px 0; border-radius: 0; padding: 1rem } button { width: 100%; margin-right: 0 } }
</style>
</head>
<body>
<header><div><b>{{.Platform}}</b><span>{{.Simulated}}</span></div></header>
<main>
<h1>{{.Title}}</h1>
{{with .Refusal}}<p class="refusal" role="alert">{{.}}</p>{{end}}
{{range .Text}}<p>{{.}}</p>{{end}}
{{with .Form}}<form method="post"{{with .Action}} action="{{.}}"{{end}}>
{{range $name, $value := .Hidden}}<input type="hidden" name="{{$name}}" value="{{$value}}">
{{end}}{{range .Fields}}{{$f := .}}{{if .Options}}<fieldset><legend>{{.Label}}</legend>
{{range $i, $o := .Options}}<label><input type="{{if $f.Many}}checkbox{{else}}radio{{end}}" name="{{$f.Name}}" value="{{$o.Value}}"{{if or $f.Many (eq $f.Value $o.Value) (and (eq $f.Value "") (eq $i 0))}} checked{{end}}> {{$o.Label}}</label>
{{end}}</fieldset>
{{else}}<label class="text">{{.Label}} <input name="{{.Name}}" value="{{.Value}}"></label>
{{end}}{{end}}{{range .Buttons}}<button name="{{.Name}}" value="{{.Value}}">{{.Label}}</button>
{{end}}</form>{{end}}
</main>
<footer>{{.Foot}}</footer>
</body>
</html>
`))

// rules shows people what a simulator is strict about, and what a test may turn.
func (m *member) rules(w http.ResponseWriter, r *http.Request) {
	var data struct {
		Look     Look
		Code     string
		Base     string
		Switches []Switch
		Errors   []string
	}
	m.kit.Do(func() {
		data.Look, data.Code, data.Base, data.Switches = m.kit.Look, m.kit.Platform, m.kit.Base(), m.kit.Options.List()
		data.Errors = m.kit.Faults.codes()
	})
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	_ = rulesPage.Execute(w, data) // an error means that the client has gone
}

var rulesPage = template.Must(template.New("rules").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Look.En}}: what the simulator is strict about</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8888 }
</style>
</head>
<body>
<main>
<h1>{{.Look.En}}: what the simulator is strict about</h1>
<p>It is written from the platform's documents. Signatures, times, states, addresses, codes and tokens are checked as these say; a
request that the platform would refuse is refused, with the platform's own error. <code>GET /{{.Code}}/calls</code> tells of every request
what was decided, and why. Its own address is <code>{{.Base}}</code>.</p>
<h2>Switches</h2>
<p>Where the documents leave something open, or a test wants it otherwise: <code>POST /{{.Code}}/options</code> <code>{"NAME":VALUE}</code>.</p>
<table>
<thead><tr><th scope="col">Name</th><th scope="col">Now</th><th scope="col">Otherwise</th><th scope="col">Meaning</th></tr></thead>
<tbody>
{{range .Switches}}<tr><td><code>{{.Name}}</code></td><td>{{.Value}}</td><td>{{range $i, $c := .Choices}}{{if $i}}, {{end}}{{$c}}{{else}}a {{.Type}}{{end}}</td><td lang="en">{{.Meaning}}</td></tr>
{{end}}</tbody>
</table>
<h2>Errors on demand</h2>
<p><code>POST /{{.Code}}/faults</code> <code>{"fault":"NAME","times":1}</code> with <code>cut-before</code>, <code>cut-after</code>, <code>slow</code>,
<code>garbage</code>, <code>status-503</code>, or one of the platform's own:</p>
<p>{{range $i, $e := .Errors}}{{if $i}}, {{end}}<code>{{$e}}</code>{{end}}</p>
</main>
</body>
</html>
`))
