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

// Show writes a page.
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
	data := struct {
		Platform string
		Page
	}{k.Platform, p}
	if err := look.Execute(w, data); err != nil {
		panic(err) // a template that does not fit its page is a mistake in this package
	}
}

var look = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} · {{.Platform}} simulator</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2933; background: #eef1f4; margin: 0; padding: 2rem 1rem }
main { max-width: 32rem; margin: 0 auto; padding: 1.5rem 2rem 2rem; background: #fff; border: 1px solid #d5dbe1; border-radius: 8px }
h1 { font-size: 1.3rem } fieldset { border: 0; padding: 0; margin: 1rem 0 } legend { font-weight: 600; padding: 0 }
label { display: block; padding: .2rem 0 } .text input { width: 100%; box-sizing: border-box; padding: .4rem; font: inherit }
button { font: inherit; padding: .5rem 1.2rem; margin: .5rem .5rem 0 0; border: 1px solid #52606d; border-radius: 6px; background: #fff }
button:first-of-type { background: #1f5fbf; border-color: #1f5fbf; color: #fff } button:focus-visible, input:focus-visible { outline: 3px solid #f0b429 }
header, footer { max-width: 32rem; margin: .5rem auto; color: #52606d; font-size: .85rem } .refusal { color: #9b1c1c; font-weight: 600; overflow-wrap: anywhere }
</style>
</head>
<body>
<header>{{.Platform}} · 模拟平台 simulator</header>
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
<footer>Everything here is made up. Nothing leaves this machine.</footer>
</body>
</html>
`))
