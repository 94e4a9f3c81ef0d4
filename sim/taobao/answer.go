package taobao

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"github.com/grantkeep/grantkeep/sim"
)

// object is an answer or a part of one. It keeps its members in order.
type object []field

// field is a member of an object: text, a whole number, true or false, an object, or a list.
type field struct {
	name  string
	value any
}

// list is a list. JSON wraps it in an object that names its items, unless the answer is simplified.
type list struct {
	item   string
	values []any
}

// topError is an error of the gateway.
type topError struct {
	code                 int
	msg, subCode, subMsg string
}

func (e *topError) object() object {
	o := object{{"code", e.code}, {"msg", e.msg}}
	if e.subCode != "" {
		o = append(o, field{"sub_code", e.subCode})
	}
	if e.subMsg != "" {
		o = append(o, field{"sub_msg", e.subMsg})
	}
	return o
}

// rootOf returns the name of the element that wraps the answer of a method.
func rootOf(method string) string {
	return strings.ReplaceAll(strings.TrimPrefix(method, "taobao."), ".", "_") + "_response"
}

// answer writes a success in the format that the call asked for.
func (s *simulator) answer(w http.ResponseWriter, params map[string]string, o object) {
	o = append(o, field{"request_id", requestID()})
	if params["format"] == "json" && params["simplify"] == "true" {
		writeBody(w, http.StatusOK, jsonType, jsonText(o, true))
		return
	}
	writeTop(w, params, rootOf(params["method"]), o)
}

// refuse writes an error of the gateway, inside HTTP 200. Simplified answers keep its wrapper.
func (s *simulator) refuse(w http.ResponseWriter, r *http.Request, params map[string]string, e *topError) {
	s.kit.Call(r).Refuse("%s", strings.Join(strings.Fields(fmt.Sprint(e.code, " ", e.msg, " ", e.subCode, " ", e.subMsg)), " "))
	writeTop(w, params, "error_response", append(e.object(), field{"request_id", requestID()}))
}

func requestID() string { return strings.ToLower(sim.Random(12)) }

const (
	jsonType = "application/json;charset=UTF-8"
	xmlType  = "text/xml;charset=UTF-8"
)

// writeTop writes an element; without a format the platform answers in XML.
func writeTop(w http.ResponseWriter, params map[string]string, root string, o object) {
	if params["format"] == "json" {
		writeBody(w, http.StatusOK, jsonType, jsonText(object{{root, o}}, false))
		return
	}
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="utf-8" ?>`)
	xmlText(&b, root, o)
	writeBody(w, http.StatusOK, xmlType, b.String())
}

func writeBody(w http.ResponseWriter, status int, contentType, text string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(text)) // the kit keeps it: this cannot fail
}

func jsonText(value any, simplify bool) string {
	var b strings.Builder
	putJSON(&b, value, simplify)
	return b.String()
}

func putJSON(b *strings.Builder, value any, simplify bool) {
	switch v := value.(type) {
	case object:
		for i, f := range v {
			b.WriteByte("{,"[min(i, 1)])
			putScalar(b, f.name)
			b.WriteByte(':')
			putJSON(b, f.value, simplify)
		}
		if len(v) == 0 {
			b.WriteByte('{')
		}
		b.WriteByte('}')
	case list:
		if !simplify {
			b.WriteByte('{')
			putScalar(b, v.item)
			b.WriteByte(':')
			defer b.WriteByte('}')
		}
		b.WriteByte('[')
		for i, item := range v.values {
			if i > 0 {
				b.WriteByte(',')
			}
			putJSON(b, item, simplify)
		}
		b.WriteByte(']')
	default:
		putScalar(b, v)
	}
}

// putScalar writes text, a number or a truth value, nothing escaped for HTML.
func putScalar(b *strings.Builder, value any) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(err) // only text, numbers and truth values are written
	}
	b.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

func xmlText(b *bytes.Buffer, name string, value any) {
	switch v := value.(type) {
	case object:
		fmt.Fprintf(b, "<%s>", name)
		for _, f := range v {
			xmlText(b, f.name, f.value)
		}
	case list:
		fmt.Fprintf(b, `<%s list="true">`, name)
		for _, item := range v.values {
			xmlText(b, v.item, item)
		}
	default:
		fmt.Fprintf(b, "<%s>", name)
		_ = xml.EscapeText(b, []byte(fmt.Sprint(v))) // a buffer takes everything
	}
	fmt.Fprintf(b, "</%s>", name)
}
