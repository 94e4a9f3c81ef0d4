package toy_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

func TestVectors(t *testing.T) {
	d := newDriver()
	token := func(t *testing.T, v platformtest.Vector) string {
		i := v.Issues(t)[0]
		return fmt.Sprintf("issued %s %s %s until %s same %v", i.Subject, i.Token.Access.Reveal(), i.Token.Refresh.Reveal(), i.Token.Expires.Format(time.RFC3339), i.Same)
	}
	platformtest.Vectors(t, d, os.DirFS("testdata"), map[string]func(*testing.T, platformtest.Vector) string{
		"exchange": token,
		"refresh":  token,
		"link": func(t *testing.T, v platformtest.Vector) string {
			link, err := d.Link(v.App, platform.Want{State: v.Call["state"]})
			if err != nil {
				t.Fatal(err)
			}
			v.CheckRequest(t, &platform.Request{Method: "GET", URL: link.URL})
			return "link"
		},
		"push": func(t *testing.T, v platformtest.Vector) string {
			delivery, err := d.(platform.Receiver).Receive(v.App, v.Incoming())
			if err != nil || len(delivery.Notices) != 1 {
				t.Fatalf("Receive = %+v, %v, want one notice", delivery, err)
			}
			n := delivery.Notices[0]
			return fmt.Sprintf("%s %s", n.Kind, n.Shops)
		},
	})
}
