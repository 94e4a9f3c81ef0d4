package shoplazza

import "testing"

func TestSignQueryKnownAnswer(t *testing.T) {
	query := map[string]string{"code": "c0de", "shop": "demo-7.myshoplaza.com", "state": "9f2c"}
	const want = "da24d313b22a751ea10e586c967f1446f5a9aa10a66cdeaa828b0564969c5723"
	for _, encoded := range []bool{false, true} {
		if got := signQuery("hush", query, encoded); got != want {
			t.Errorf("signQuery(encoded %t) = %s, want %s", encoded, got, want)
		}
	}
}

func TestSignBodyKnownAnswer(t *testing.T) {
	const want = "AYr93K98XT5+8yHuqjoUYXNrkHbu4dowuMyfgi939C8="
	if got := signBody("hush", []byte(`{"id":"2286999"}`)); got != want {
		t.Errorf("signBody = %s, want %s", got, want)
	}
}

func TestRawAndEncodedSignaturesDifferOnBlanks(t *testing.T) {
	query := map[string]string{"state": "a b"}
	if signQuery("hush", query, false) == signQuery("hush", query, true) {
		t.Error("the two ways to sign agree on a blank; the switch would mean nothing")
	}
}
