package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestAReplayTakesNextAsItStands passes on what a list of events says to go on from, as text and as a number.
func TestAReplayTakesNextAsItStands(t *testing.T) {
	h := newHouse(t)
	made := h.do("all", http.MethodPost, "/v1/webhooks", `{"url":"https://hooks.example/in","kinds":["grant.*"]}`)
	if made.status != http.StatusCreated {
		t.Fatalf("a webhook: %d %s", made.status, made.body)
	}
	_, rest, _ := strings.Cut(made.body, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	for body, want := range map[string]int{
		`{"after":0}`: http.StatusOK, `{"after":"0","until":"7"}`: http.StatusOK, `{"after":"0","until":7}`: http.StatusOK,
		`{"after":"x"}`: http.StatusUnprocessableEntity, `{"after":-1}`: http.StatusUnprocessableEntity, `{"after":1.5}`: http.StatusUnprocessableEntity,
	} {
		a := h.do("all", http.MethodPost, "/v1/webhooks/"+id+"/replay", body)
		if a.status != want || want != http.StatusOK && !strings.Contains(a.body, `"after"`) {
			t.Errorf("%s: %d %s, want %d, and an error that names the field", body, a.status, a.body, want)
		}
	}
}
