package platformtest

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Sample is a driver's testdata/sample.toml: one made-up app and what is said about it, in the platform's own forms. Every
// test that takes each platform in turn reads it, so that a platform that is added brings what they need.
type Sample struct {
	Settings map[string]string `toml:"settings"` // with which an app can be made, its secrets among them
	Subject  SampleSubject     `toml:"subject"`
	Call     SampleCall        `toml:"call"`

	// Refreshed is a good answer to a refresh; empty where the platform gives no tokens. ACCESS, REFRESH and LIFE stand for raw
	// JSON, NAME for a text for people that comes along.
	Refreshed string `toml:"refreshed"`
	// ZeroLife: an end of 0 says that there is none.
	ZeroLife bool `toml:"zero_life"`
	// AnyContent: a good status with any object is a success, since the platform marks none.
	AnyContent bool `toml:"any_content"`

	Refused SampleRefusal `toml:"refused"`
}

// SampleSubject is whose the answers are.
type SampleSubject struct {
	Kind   string `toml:"kind"`
	ID     string `toml:"id"`
	Host   string `toml:"host"`
	Region string `toml:"region"`
}

// SampleCall is a call that any grant may make, and the simulator answers.
type SampleCall struct {
	Method    string         `toml:"method" json:"method,omitempty"`
	Path      string         `toml:"path" json:"path,omitempty"`
	Body      string         `toml:"body" json:"body,omitempty"`
	Operation string         `toml:"operation" json:"operation,omitempty"`
	Params    map[string]any `toml:"params" json:"params,omitzero"`
}

// SampleRefusal is how a call is refused: the whole answer, and what is read in it.
type SampleRefusal struct {
	Body    string `toml:"body"`
	Code    string `toml:"code"`
	Message string `toml:"message"`
}

// SampleOf reads the sample of the platform with a code, which lies in its folder below root.
func SampleOf(t testing.TB, drivers []platform.Driver, code, root string) Sample {
	t.Helper()
	i := slices.IndexFunc(drivers, func(d platform.Driver) bool { return d.Spec().Code == code })
	if i < 0 {
		t.Fatalf("no platform has the code %s", code)
	}
	return ReadSample(t, drivers[i], os.DirFS(filepath.Join(root, code, "testdata")))
}

// ReadSample reads a driver's sample out of its folder of test data.
func ReadSample(t testing.TB, d platform.Driver, dir fs.FS) Sample {
	t.Helper()
	text, err := fs.ReadFile(dir, "sample.toml")
	if err != nil {
		t.Fatalf("%s: %v; its form is that of platform/shoplazza/testdata/sample.toml", d.Spec().Code, err)
	}
	var s Sample
	if err := toml.NewDecoder(strings.NewReader(string(text))).DisallowUnknownFields().Decode(&s); err != nil {
		t.Fatalf("%s: sample.toml: %v", d.Spec().Code, err)
	}
	facts := d.Spec().Facts
	for name, ok := range map[string]bool{
		"settings":     len(s.Settings) > 0,
		"subject":      s.Subject.Kind != "" && s.Subject.ID != "",
		"call":         s.Call.Path != "" || s.Call.Operation != "",
		"refreshed":    !facts.Tokens || s.Refreshed != "",
		"refused.body": s.Refused.Body != "" && s.Refused.Code != "",
	} {
		if !ok {
			t.Fatalf("%s: sample.toml says nothing of %s", facts.Code, name)
		}
	}
	for name := range s.Settings {
		if _, ok := facts.Settings[name]; !ok {
			t.Fatalf("%s: sample.toml has a setting %s that the facts do not know", facts.Code, name)
		}
	}
	return s
}

// sampled is the moment at which every request of a sample leaves.
var sampled = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// app opens the sample's app.
func (s Sample) app(d platform.Driver) platform.App {
	app := appOf(d.Spec().Facts, maps.Clone(s.Settings))
	app.Now = sampled
	return d.Spec().Open(app)
}

func (s Sample) subject() gk.Subject {
	return gk.Subject{Kind: s.Subject.Kind, ID: s.Subject.ID, Host: s.Subject.Host, Region: s.Subject.Region}
}
