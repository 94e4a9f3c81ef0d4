package api

import (
	"net/http"
	"strings"

	"github.com/grantkeep/grantkeep/platform"
)

// pageWords are the words of the pages for people, in one language each.
var pageWords = map[string]platform.Texts{
	"title":     {En: "Grantkeep API", ZhCN: "Grantkeep 接口", ZhTW: "Grantkeep 介面"},
	"intro":     {En: "JSON over HTTP. Every request carries an API key; each operation needs the one scope named beside it. Times are RFC 3339 in UTC.", ZhCN: "HTTP 上的 JSON。每个请求都带 API 密钥；每个操作需要旁边写明的一个权限。时间是 UTC 的 RFC 3339。", ZhTW: "HTTP 上的 JSON。每個請求都帶 API 金鑰；每個操作需要旁邊寫明的一個權限。時間是 UTC 的 RFC 3339。"},
	"whole":     {En: "The whole description, with all forms:", ZhCN: "完整描述，含所有格式：", ZhTW: "完整描述，含所有格式："},
	"first":     {En: "First calls", ZhCN: "最先用到的调用", ZhTW: "最先用到的呼叫"},
	"link":      {En: "Make a link for a merchant. Whoever opens it and agrees gives a grant.", ZhCN: "给商家一个授权链接。商家打开并同意后，就有一个授权。", ZhTW: "給賣家一個授權連結。賣家開啟並同意後，就有一個授權。"},
	"grants":    {En: "Find the grants of a customer.", ZhCN: "找出一个客户的授权。", ZhTW: "找出一個客戶的授權。"},
	"token":     {En: "Read an access token, refreshed first where it ends soon.", ZhCN: "读取访问令牌；快到期时会先刷新。", ZhTW: "讀取存取權杖；快到期時會先更新。"},
	"scope":     {En: "Scope", ZhCN: "权限", ZhTW: "權限"},
	"example":   {En: "Example", ZhCN: "示例", ZhTW: "範例"},
	"answer":    {En: "Answer", ZhCN: "答复", ZhTW: "回覆"},
	"needed":    {En: "needed", ZhCN: "必填", ZhTW: "必填"},
	"problems":  {En: "Problems", ZhCN: "错误", ZhTW: "錯誤"},
	"errors":    {En: "Errors are application/problem+json (RFC 9457). Their type is one of these pages:", ZhCN: "错误的格式是 application/problem+json（RFC 9457），type 是下面这些页面之一：", ZhTW: "錯誤的格式是 application/problem+json（RFC 9457），type 是下面這些頁面之一："},
	"back":      {En: "All problems", ZhCN: "全部错误", ZhTW: "全部錯誤"},
	"todo":      {En: "What to do", ZhCN: "怎么办", ZhTW: "怎麼辦"},
	"consents":  {En: "Authorizations", ZhCN: "授权链接", ZhTW: "授權連結"},
	"standing":  {En: "Grants", ZhCN: "授权", ZhTW: "授權"},
	"tokens":    {En: "Tokens", ZhCN: "令牌", ZhTW: "權杖"},
	"calls":     {En: "Calls to the platform", ZhCN: "调用平台", ZhTW: "呼叫平台"},
	"apps":      {En: "Apps", ZhCN: "应用", ZhTW: "應用程式"},
	"news":      {En: "Events, webhooks, alarms", ZhCN: "事件、推送、告警", ZhTW: "事件、推送、告警"},
	"knowledge": {En: "Platforms and their errors", ZhCN: "平台和平台的错误", ZhTW: "平台和平台的錯誤"},
	"staff":     {En: "Keys and people", ZhCN: "密钥和人员", ZhTW: "金鑰和人員"},
	"operation": {En: "Operation", ZhCN: "运维", ZhTW: "維運"},
}

// pageLanguage is the language of a page: the one in the address, else the first of the browser's that there is.
func pageLanguage(r *http.Request) string {
	asked := r.URL.Query().Get("lang")
	for name := range strings.SplitSeq(asked+","+r.Header.Get("Accept-Language"), ",") {
		name, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(name)), ";")
		switch {
		case name == "zh-tw", name == "zh-hk", name == "zh-mo", strings.HasPrefix(name, "zh-hant"):
			return "zh-TW"
		case name == "zh", strings.HasPrefix(name, "zh-"):
			return "zh-CN"
		case name == "en", strings.HasPrefix(name, "en-"):
			return "en"
		}
	}
	return "en"
}

// saying is the words of one language, for a template.
type saying struct{ Lang string }

// Say returns a text.
func (s saying) Say(id string) string { return pageWords[id].In(s.Lang) }

// Others lists the other languages by their names.
func (s saying) Others() [][2]string {
	var others [][2]string
	for _, l := range [][2]string{{"en", "English"}, {"zh-CN", "简体中文"}, {"zh-TW", "繁體中文"}} {
		if l[0] != s.Lang {
			others = append(others, l)
		}
	}
	return others
}
