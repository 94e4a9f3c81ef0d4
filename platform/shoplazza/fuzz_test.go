package shoplazza_test

import (
	"errors"
	"testing"

	"github.com/grantkeep/grantkeep/platform"
)

// FuzzAnswers looks for an answer that makes a reader panic, that is issued with a token no header can carry, or that
// puts an end out of range.
func FuzzAnswers(f *testing.F) {
	f.Add(200, `{"access_token":"At_2","refresh_token":"Rt_2","expires_at":1794594294,"store_id":"2286999"}`)
	f.Add(401, `{"error":"invalid_grant","error_description":"expired"}`)
	f.Add(422, `{"errors":{"topic":["can't be blank"]}}`)
	f.Add(404, `{"code":5,"message":"data not found"}`)
	f.Add(200, `{"shop":{"id":2286999}}`)
	app := open(settings)
	f.Fuzz(func(t *testing.T, status int, body string) {
		reply := platform.Reply{Status: status, Body: []byte(body), Received: now}
		issues, err := driver.ReadIssues(app, platform.Asked{Stage: "refresh", Subject: store, At: now}, reply)
		if (err == nil) == (len(issues) == 0) {
			t.Errorf("%d issues and the error %v", len(issues), err)
		}
		for _, i := range issues {
			if i.Token.Access.Empty() || !i.Subject.Same(store) || i.Token.Expires.After(now.AddDate(101, 0, 0)) {
				t.Errorf("issued %v until %v", i.Subject, i.Token.Expires)
			}
		}
		if status >= 500 && !errors.Is(err, platform.ErrGarbage) {
			t.Errorf("a %d is %v, want ErrGarbage", status, err)
		}
		driver.Diagnose(app, platform.Asked{Stage: "call"}, reply)
		_, _, _ = driver.(platform.Inspector).ReadInspection(app, platform.Credential{Subject: store}, reply)
	})
}

// FuzzPush looks for a header or body that makes the receiver panic or passes without the secret.
func FuzzPush(f *testing.F) {
	f.Add("app/uninstalled", store.Host, `{"id":"2286999"}`, "AYr93K98XT5+8yHuqjoUYXNrkHbu4dowuMyfgi939C8=")
	app := open(map[string]string{"client_secret": "another"})
	f.Fuzz(func(t *testing.T, topic, host, body, proof string) {
		in := push(topic, host, body, "")
		in.Header.Set("X-Shoplazza-Hmac-Sha256", proof)
		if d, err := driver.(platform.Receiver).Receive(app, in); err == nil {
			t.Errorf("accepted without the secret: %+v", d)
		}
	})
}
