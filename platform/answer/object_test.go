package answer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/answer"
)

func TestReadRefusesWhatCouldMeanTwoThings(t *testing.T) {
	for name, body := range map[string]string{
		"a name twice":             `{"access_token":"a","access_token":"b"}`,
		"a name twice, below":      `{"data":{"access_token":"a","access_token":"b"}}`,
		"something behind":         `{"access_token":"a"}{"access_token":"b"}`,
		"a list":                   `[{"access_token":"a"}]`,
		"cut off":                  `{"access_token":"a`,
		"not UTF-8":                "{\"access_token\":\"a\xff\"}",
		"nothing":                  ``,
		"deeper than an answer is": `{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
	} {
		o, err := answer.Read([]byte(body))
		if !errors.Is(err, platform.ErrGarbage) || o != nil {
			t.Errorf("%s: read as %v, %v", name, o, err)
		}
	}
}

func TestTokensAreThoseThatARequestCanCarry(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		ok   bool
	}{
		"letters and signs":        {`{"t":"At-1._~+/=:|"}`, true},
		"a blank within":           {`{"t":"two words"}`, true},
		"missing":                  {`{}`, true},
		"null":                     {`{"t":null}`, true},
		"4096 characters":          {`{"t":"` + strings.Repeat("a", 4096) + `"}`, true},
		"4097 characters":          {`{"t":"` + strings.Repeat("a", 4097) + `"}`, false},
		"200 kB":                   {`{"t":"` + strings.Repeat("a", 200<<10) + `"}`, false},
		"a line break":             {`{"t":"a\r\nX-Evil: 1"}`, false},
		"a NUL":                    {`{"t":"a\u0000"}`, false},
		"DEL":                      {`{"t":"a\u007f"}`, false},
		"a tab":                    {`{"t":"a\tb"}`, false},
		"a letter beyond ASCII":    {`{"t":"ключ"}`, false},
		"half a surrogate pair":    {`{"t":"a\ud800"}`, false},
		"a line separator":         {`{"t":"a\u2028b"}`, false},
		"a blank at the end":       {`{"t":"a "}`, false},
		"a number":                 {`{"t":12345678901234567890}`, false},
		"an object":                {`{"t":{"t":"a"}}`, false},
		"only in another spelling": {`{"T":"a"}`, true},
	} {
		o, err := answer.Read([]byte(c.body))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s, err := o.Token("t")
		if ok := err == nil; ok != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (!errors.Is(err, platform.ErrGarbage) || !s.Empty()) {
			t.Errorf("%s: %v with a token: %t", name, err, !s.Empty())
		}
	}
	if s, err := (answer.Object{"T": []byte(`"a"`)}).Token("t"); err != nil || !s.Empty() {
		t.Error("a member in another spelling was taken")
	}
}

func TestAPairNeedsItsAccessToken(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"a":"x","r":"y"}`:       true,
		`{"a":"x"}`:               true,
		`{"a":"","r":"y"}`:        false,
		`{"r":"y"}`:               false,
		`{"a":"x","r":"y\n"}`:     false,
		`{"a":"x\u0000","r":"y"}`: false,
	} {
		o, err := answer.Read([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		pair, err := o.Pair("a", "r")
		if (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
		if !ok && (!pair.Access.Empty() || !pair.Refresh.Empty()) {
			t.Errorf("%s: half a pair came out", body)
		}
	}
}

func TestWordsAreCleanedNotRefused(t *testing.T) {
	o := answer.Object{"n": []byte(`"某\u0000店\r\n"`), "scope": []byte(`" read\u0000_a  write_b "`), "id": []byte(`9007199254740993`)}
	if got := o.Words("n"); got != "某店" {
		t.Errorf("name %q", got)
	}
	if got := o.Fields("scope"); len(got) != 2 || got[0] != "read_a" || got[1] != "write_b" {
		t.Errorf("scopes %q", got)
	}
	if got := o.Words("id"); got != "9007199254740993" {
		t.Errorf("number %q", got)
	}
}
