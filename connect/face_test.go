package connect_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
)

// picture is a data: address of a picture with something behind its end.
func picture(t *testing.T, width int) string {
	t.Helper()
	drawn := image.NewPaletted(image.Rect(0, 0, width, 8), color.Palette{color.White, color.Black})
	var b bytes.Buffer
	if err := gif.Encode(&b, drawn, nil); err != nil {
		t.Fatal(err)
	}
	b.WriteString("<script>alert(1)</script>")
	return "data:image/gif;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// fetch reads an address of the merchant's pages.
func (h *house) fetch(address string) (*http.Response, string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp, string(body)
}

// TestTheVendorShowsItsOwnFace gives an app a vendor's name, sign and support contact and opens its link in three
// languages. The picture comes from our origin, as PNG that we wrote.
func TestTheVendorShowsItsOwnFace(t *testing.T) {
	h := newHouse(t)
	_, path := h.begin(consent.BeginInput{})
	link := h.public + path
	vendor, sign, support := "北线软件", picture(t, 16), "help@vendor.example"
	app, err := h.keeper.Apps().Update(t.Context(), gk.Engine(), h.app.ID, apps.Change{Face: apps.FaceInput{Vendor: &vendor, Sign: &sign, Support: &support}})
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "zh-CN", "zh-TW"} {
		_, page := h.fetch(link + "?lang=" + lang)
		for _, want := range []string{vendor, `src="` + apps.SignPath(&app) + `"`, `href="mailto:help@vendor.example"`} {
			if !strings.Contains(page, want) {
				t.Errorf("the start page in %s lacks %s", lang, want)
			}
		}
		if strings.Contains(page, h.app.Name) {
			t.Errorf("the start page in %s names %q, which the vendor's name replaces", lang, h.app.Name)
		}
	}
	resp, body := h.fetch(h.keeper.Apps().SignURL(&app))
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "image/png" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the sign = %d %v", resp.StatusCode, resp.Header)
	}
	if _, err := png.Decode(strings.NewReader(body)); err != nil || strings.Contains(body, "script") {
		t.Errorf("the sign holds %q, %v, want a PNG and nothing that came along", body, err)
	}
	letters := "NL"
	if _, err := h.keeper.Apps().Update(t.Context(), gk.Engine(), h.app.ID, apps.Change{Face: apps.FaceInput{Sign: &letters}}); err != nil {
		t.Fatal(err)
	}
	if _, page := h.fetch(link); !strings.Contains(page, ">NL</span>") || !strings.Contains(page, vendor) || strings.Contains(page, "<img") {
		t.Errorf("the page with letters for a sign = %s", page)
	}
	if resp, _ := h.fetch(h.keeper.Apps().SignURL(&app)); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a sign without a picture = %d, want 404", resp.StatusCode)
	}
}

// TestAFaceThatDoesNotDoIsRefused names the field and what would do.
func TestAFaceThatDoesNotDoIsRefused(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct{ field, value string }{
		{"vendor", strings.Repeat("x", 61)}, {"vendor", "two\nlines"}, {"vendor", "right\u202eto left"},
		{"sign", "four"}, {"sign", "data:image/png;base64,###"}, {"sign", "data:image/svg+xml;base64,PHN2Zz4="}, {"sign", picture(t, 257)},
		{"sign", "data:image/png;base64," + strings.Repeat("A", 200<<10)},
		{"support", "javascript:alert(1)"}, {"support", "http://vendor.example"}, {"support", "https://user:pass@vendor.example"}, {"support", "call us"},
		{"support", "help@vendor.example, other@vendor.example"}, {"support", "12"},
	} {
		in := apps.FaceInput{}
		*map[string]**string{"vendor": &in.Vendor, "sign": &in.Sign, "support": &in.Support}[c.field] = &c.value
		_, err := h.keeper.Apps().Update(t.Context(), gk.Engine(), h.app.ID, apps.Change{Face: in})
		var invalid *gk.Invalid
		if !errors.As(err, &invalid) || invalid.Field != c.field {
			t.Errorf("%s of %.40q = %v, want a mistake of that field", c.field, c.value, err)
		}
	}
}

func TestSupportIsReachedByWhatItIs(t *testing.T) {
	for support, want := range map[string]string{
		"https://vendor.example/help?a=b": "https://vendor.example/help?a=b", "help+erp@vendor.example": "mailto:help+erp@vendor.example",
		"+86 (571) 1234-5678": "tel:+8657112345678", "400-820-8820": "tel:4008208820", "": "",
	} {
		if got := apps.SupportLink(support); got != want {
			t.Errorf("SupportLink(%s) = %s, want %s", support, got, want)
		}
	}
}
