package explain

import (
	"encoding/csv"
	"regexp"
	"strings"

	"github.com/grantkeep/grantkeep/platform"
)

// forms names the forms of [Form] in the three languages.
var forms = map[string]platform.Texts{
	"page":              {ZhCN: "看起来是一个网页", ZhTW: "看起來是一個網頁", En: "It looks like a web page."},
	"address":           {ZhCN: "看起来是一个回调地址", ZhTW: "看起來是一個回呼網址", En: "It looks like a callback's address."},
	"json":              {ZhCN: "看起来是 JSON 回答", ZhTW: "看起來是 JSON 回答", En: "It looks like an answer in JSON."},
	"printed structure": {ZhCN: "看起来是程序打印出的结构", ZhTW: "看起來是程式印出的結構", En: "It looks like an object as a program prints it."},
	"code":              {ZhCN: "看起来是一个错误码", ZhTW: "看起來是一個錯誤碼", En: "It looks like an error code."},
	"log line":          {ZhCN: "看起来是一行日志", ZhTW: "看起來是一行日誌", En: "It looks like a line of a log."},
	"exception":         {ZhCN: "看起来是一条异常信息", ZhTW: "看起來是一則例外訊息", En: "It looks like an exception."},
	"words":             {ZhCN: "看起来是一句话", ZhTW: "看起來是一句話", En: "It looks like plain words."},
}

// sayForm adds to the texts of an unknown failure what it looks like, and how to send it in.
func sayForm(f *Fault, q Question) {
	if f.Known || len(q.Body) == 0 && q.Code == "" && q.Message == "" {
		return
	}
	form := forms[Form(q)]
	f.Cause.ZhCN = strings.TrimSuffix(f.Cause.ZhCN, "。") + "；" + form.ZhCN + "。"
	f.Cause.ZhTW = strings.TrimSuffix(f.Cause.ZhTW, "。") + "；" + form.ZhTW + "。"
	f.Cause.En += " " + form.En
	f.Remedy.ZhCN += "grantkeep explain --draft 会打印一行可以寄给我们的目录条目。"
	f.Remedy.ZhTW += "grantkeep explain --draft 會印出一列可以寄給我們的目錄項目。"
	f.Remedy.En += " grantkeep explain --draft prints a row for the catalogue to send in."
}

// Draft returns a line for the platform's faults.csv: what is known of a failure, and empty texts for whoever knows it.
// Ids and what looks like a token are left out of pattern and example.
func Draft(f *Fault) (string, error) {
	example := strings.Join(strings.Fields(f.Message), " ")
	pattern := ""
	if example != "" {
		pattern = varying.ReplaceAllString(regexp.QuoteMeta(example), `\S+`)
		example = varying.ReplaceAllString(example, "7")
	}
	code := f.Code
	if strings.HasPrefix(code, "local:") {
		code = ""
	}
	terminal := "no"
	if f.Terminal {
		terminal = "yes"
	}
	cause, remedy := f.Cause, f.Remedy
	if !f.Known {
		cause, remedy = platform.Texts{}, platform.Texts{}
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	err := w.Write([]string{
		f.Platform, f.Stage, code, pattern, "", example, string(f.Action), terminal,
		cause.ZhCN, cause.ZhTW, cause.En, remedy.ZhCN, remedy.ZhTW, remedy.En, "other",
	})
	if err != nil {
		return "", err
	}
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n"), w.Error()
}

// varying matches what differs from one occurrence to the next: long numbers, hidden tokens.
var varying = regexp.MustCompile(`[0-9]{4,}|(?:\\?\*){3}`)
