package taobao_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

var testdata = os.DirFS("testdata")

func TestVectors(t *testing.T) {
	platformtest.Vectors(t, driver, testdata, map[string]func(*testing.T, platformtest.Vector) string{
		"sign":  signVector,
		"token": tokenVector,
		"fault": faultVector,
	})
}

func signVector(t *testing.T, v platformtest.Vector) string {
	req, err := driver.Sign(v.App, v.Credential(), platform.Call{
		Operation: v.Call["operation"], Params: []byte(v.Call["params"]), SignMethod: v.Call["sign_method"],
	})
	if err != nil {
		t.Fatal(err)
	}
	if req.Method != "POST" || req.URL != "https://eco.taobao.com/router/rest" {
		t.Errorf("request = %s %s", req.Method, req.URL)
	}
	return v.Signature(t, req)
}

func tokenVector(t *testing.T, v platformtest.Vector) string {
	issues := v.Issues(t)
	if len(issues) != 1 {
		t.Fatalf("ReadIssues = %+v, want one", issues)
	}
	if !issues[0].Ceiling.Equal(issues[0].Token.Expires) {
		t.Errorf("ceiling = %s, want the token's end", issues[0].Ceiling)
	}
	return describe(issues[0])
}

func describe(i platform.Issue) string {
	var windows []string
	for _, name := range slices.Sorted(maps.Keys(i.Token.Windows)) {
		windows = append(windows, name+"="+i.Token.Windows[name].Format(time.RFC3339))
	}
	return fmt.Sprintf("%s %s access %s refresh %s expires %s final %v windows %s", i.Subject, i.Subject.Name,
		i.Token.Access.Reveal(), i.Token.Refresh.Reveal(), i.Token.Expires.Format(time.RFC3339), i.Final, strings.Join(windows, " "))
}

func faultVector(t *testing.T, v platformtest.Vector) string {
	fault := driver.Diagnose(v.App, platform.Asked{Stage: v.Call["stage"]}, v.Reply)
	if fault == nil || !fault.Known {
		t.Fatalf("fault = %+v, want a known one", fault)
	}
	return fmt.Sprintf("%s %s %v", fault.Code, fault.Action, fault.Terminal)
}
