package notify_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/store"
)

// postOffice is a mail server that speaks as much of SMTP as a client needs.
type postOffice struct {
	net.Listener
	mu    sync.Mutex
	mails []string
	bad   string // what it answers to RCPT; empty: it takes it

	first   *tls.Config // with which a connection begins; nil: in clear
	offers  *tls.Config // by STARTTLS; nil: it does not
	secured int         // mails and passwords that came over TLS
	clear   int         // and in clear
}

func newPostOffice(t *testing.T) *postOffice { return new(postOffice).open(t) }

func (o *postOffice) open(t *testing.T) *postOffice {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if o.first != nil {
		l = tls.NewListener(l, o.first)
	}
	o.Listener = l
	t.Cleanup(func() { _ = l.Close() }) // the test is over
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go o.serve(c)
		}
	}()
	return o
}

func (o *postOffice) serve(c net.Conn) {
	defer func() { _ = c.Close() }() // the client has gone
	say := func(line string) { _, _ = fmt.Fprintf(c, "%s\r\n", line) }
	_, over := c.(*tls.Conn)
	note := func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if over {
			o.secured++
		} else {
			o.clear++
		}
	}
	in := bufio.NewReader(c)
	say("220 post office")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " "); word {
		case "EHLO":
			say("250-post office")
			if o.offers != nil && !over {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go ahead")
			secure := tls.Server(c, o.offers)
			if secure.Handshake() != nil {
				return
			}
			c, over, in = secure, true, bufio.NewReader(secure)
		case "AUTH":
			note()
			say("235 welcome")
		case "RCPT":
			o.mu.Lock()
			bad := o.bad
			o.mu.Unlock()
			if bad == "" {
				bad = "250 ok"
			}
			say(bad)
		case "DATA":
			say("354 go on")
			var text strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil || line == ".\r\n" {
					break
				}
				text.WriteString(line)
			}
			o.mu.Lock()
			o.mails = append(o.mails, text.String())
			o.mu.Unlock()
			note()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func TestMailIsHandedIn(t *testing.T) {
	o := newPostOffice(t)
	h := newHouse(t, o.Addr().String())
	settings := map[string]string{"smtp": "smtp://" + o.Addr().String(), "from": "grantkeep@example.com", "to": "ann@example.com, Bob <bob@example.com>"}
	a := h.alarm(settings, store.Rule{Channel: "email", Language: "zh-CN"})
	if err := h.news.TestAlarm(t.Context(), all, a.ID); err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	text := o.mails[0]
	o.bad = "550 canary-of-an-inner-host"
	o.mu.Unlock()
	m, err := netmail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || !strings.Contains(subject, "测试事件") || m.Header.Get("To") == "" {
		t.Errorf("the subject is %q, %v", subject, err)
	}
	if id := m.Header.Get("Message-ID"); !strings.HasPrefix(id, "<msg_evt_") || !strings.HasSuffix(id, "@example.com>") || m.Header.Get("User-Agent") != "" {
		t.Errorf("the mail is %s of %q, want a name of the sender's domain and no program", id, m.Header.Get("User-Agent"))
	}
	if body, err := io.ReadAll(m.Body); err != nil || len(body) == 0 {
		t.Errorf("the body is %q, %v", body, err)
	}
	var refusal *notify.Refusal
	if err := h.news.TestAlarm(t.Context(), all, a.ID); !errors.As(err, &refusal) || refusal.Code != "SMTP 550" {
		t.Errorf("a refusal by the server = %v", err)
	}
}

func TestMailIsNotSentInClearToOthers(t *testing.T) {
	o := newPostOffice(t)
	host, _, _ := net.SplitHostPort(o.Addr().String())
	h := newHouse(t, host+":1") // another port of the same host
	_, err := h.news.CreateAlarm(t.Context(), all, map[string]string{"smtp": "smtp://" + o.Addr().String(), "from": "a@example.com", "to": "b@example.com"},
		store.Rule{Channel: "email"})
	if err == nil || len(o.mails) != 0 {
		t.Errorf("a mail server of the inner network = %v", err)
	}
}
