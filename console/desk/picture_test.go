package desk

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAFormMaySendAPicture reads a picture from a form with a file, from one whose file was not chosen, and from a form
// without files.
func TestAFormMaySendAPicture(t *testing.T) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	file, err := form.CreateFormFile("picture", "sign.png")
	if err == nil {
		_, err = file.Write([]byte("\x89PNG\r\n\x1a\n"))
	}
	if err == nil {
		_, err = form.CreateFormFile("other", "")
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	v := &Visit{R: httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", &b)}
	v.R.Header.Set("Content-Type", form.FormDataContentType())
	for name, want := range map[string]string{"picture": "data:image/png;base64,iVBORw0KGgo=", "other": "", "absent": ""} {
		if got, err := v.Picture(name); got != want || err != nil {
			t.Errorf("Picture(%s) = %q, %v, want %q", name, got, err, want)
		}
	}
	v = &Visit{R: httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("picture=x"))}
	v.R.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got, err := v.Picture("picture"); got != "" || err != nil {
		t.Errorf("Picture of a form without files = %q, %v, want nothing", got, err)
	}
}
