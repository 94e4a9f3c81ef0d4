package signing

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

func TestReadPairsKeepsTheOrder(t *testing.T) {
	got, err := ReadPairs("b=1&a=%E5%B0%8F+x&&c&b=2")
	want := Pairs{{"b", "1"}, {"a", "小 x"}, {"c", ""}, {"b", "2"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("ReadPairs = %v, %v, want %v", got, err, want)
	}
	if _, err := ReadPairs("a=100%"); err == nil || !strings.Contains(err.Error(), "%25") {
		t.Errorf("a bare percent sign: %v, want the remedy", err)
	}
}

func TestReadPartsLeavesFilesOut(t *testing.T) {
	body := "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nx\r\n" +
		"--B\r\nContent-Disposition: form-data; name=\"img\"; filename=\"a.png\"\r\n\r\nPNG\r\n--B--\r\n"
	got, err := ReadParts([]byte(body), "B")
	if err != nil || !slices.Equal(got, Pairs{{"title", "x"}}) {
		t.Errorf("ReadParts = %v, %v", got, err)
	}
	if _, err := ReadParts([]byte(body[:20]), "B"); err == nil {
		t.Error("a body that is cut off is read")
	}
}

func TestTakeSign(t *testing.T) {
	for name, tt := range map[string]struct {
		query, body string
		inQuery     int
		why         string // of an error
	}{
		"in the query":     {"a=1&sign=S&b=2", "c=3", 2, ""},
		"in the body":      {"a=1&b=2", "sign=S&c=3", 2, ""},
		"nowhere":          {"a=1&b=2", "c=3", 2, "sign is missing"},
		"a name twice":     {"a=1&sign=S", "a=2", 1, `twice: "a"`},
		"a signature each": {"a=1&sign=S", "sign=T", 1, `twice: "sign"`},
	} {
		query, errQ := ReadPairs(tt.query)
		body, errB := ReadPairs(tt.body)
		r, err := TakeSign(query, body)
		switch {
		case errQ != nil || errB != nil:
			t.Fatal(errQ, errB)
		case tt.why != "":
			if err == nil || !strings.Contains(err.Error(), tt.why) {
				t.Errorf("%s: %v, want %q", name, err, tt.why)
			}
		case err != nil || r.Sign != "S" || r.Query != tt.inQuery || r.Pairs.Joined("", "") != "a1b2c3":
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestVerifyTellsTheMistakeElseForged(t *testing.T) {
	app := platform.App{Secrets: map[string][]gk.Secret{"app_secret": {gk.NewSecret("made-up-1"), gk.NewSecret("made-up-2")}}}
	is := func(right string) func(gk.Secret) bool { return func(s gk.Secret) bool { return s.Reveal() == right } }
	why := func(text string) func(gk.Secret) string { return func(gk.Secret) string { return text } }
	if err := Verify(app, "app_secret", is("made-up-2"), why("wrong"), "compare"); err != nil {
		t.Errorf("an older secret that fits: %v", err)
	}
	if err := Verify(app, "app_secret", is("other"), why("the digest is in lower case"), "compare"); err == nil || err.Error() != "the digest is in lower case" {
		t.Errorf("a known mistake: %v", err)
	}
	err := Verify(app, "app_secret", is("other"), why(""), Unexplained("the secret"))
	if !errors.Is(err, platform.ErrForged) || !strings.Contains(err.Error(), "compare the secret") {
		t.Errorf("an unknown mistake: %v", err)
	}
	if err := Verify(platform.App{}, "app_secret", is(""), why(""), "compare"); err == nil || errors.Is(err, platform.ErrForged) {
		t.Errorf("without a secret: %v, want one that names the setting", err)
	}
}

func TestFresh(t *testing.T) {
	for off, why := range map[time.Duration]string{
		0: "", 5 * time.Minute: "", -5 * time.Minute: "", 6 * time.Minute: "is 6m0s old", -6 * time.Minute: "lies 6m0s ahead",
	} {
		if err := Fresh("timestamp", off, 5*time.Minute); (err == nil) != (why == "") || err != nil && !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v, want %q", off, err, why)
		}
	}
}
