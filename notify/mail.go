package notify

import (
	"context"
	"errors"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"

	mail "github.com/wneessen/go-mail"

	gk "github.com/grantkeep/grantkeep"
)

// server is where mail is handed in.
type server struct {
	host, user string
	port       int
	tls        bool // from the first byte; else STARTTLS
}

func readServer(address string) (s server, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return s, errors.New("is no address of a server; write smtps://USER@HOST:465 or smtp://USER@HOST:587")
	}
	if _, there := u.User.Password(); there {
		return s, errors.New("holds a password; it has a setting of its own")
	}
	s = server{host: u.Hostname(), user: u.User.Username(), tls: u.Scheme == "smtps", port: 587}
	if s.tls {
		s.port = 465
	}
	if port := u.Port(); port != "" {
		if s.port, err = strconv.Atoi(port); err != nil {
			return s, errors.New("has a port that is no number")
		}
	}
	return s, nil
}

func (n *News) checkMail(settings map[string]string) error {
	s, err := readServer(settings["smtp"])
	if err != nil {
		return &gk.Invalid{Field: "settings.smtp", Why: err.Error()}
	}
	if err := n.o.Gate.AdmitsHost(s.host, strconv.Itoa(s.port)); err != nil {
		return &gk.Invalid{Field: "settings.smtp", Why: errGate(err) + ", which is never dialled unless the server allows it by --allow-webhook"}
	}
	if _, err := netmail.ParseAddress(settings["from"]); err != nil {
		return &gk.Invalid{Field: "settings.from", Why: "is no address of mail"}
	}
	if list, err := netmail.ParseAddressList(settings["to"]); err != nil || len(list) > 50 {
		return &gk.Invalid{Field: "settings.to", Why: "is no list of up to 50 addresses of mail, joined by commas"}
	}
	return nil
}

// mail sends a message by SMTP through the gate. TLS is required but for hosts that the operator allows by name.
func (n *News) mail(ctx context.Context, p private, m message) error {
	s, err := readServer(p.Settings["smtp"])
	if err != nil {
		return err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(p.Settings["from"]); err != nil {
		return errors.New("the sender's address cannot be read")
	}
	if err := msg.ToFromString(p.Settings["to"]); err != nil {
		return errors.New("the receivers' addresses cannot be read")
	}
	msg.Subject(m.title)
	msg.SetDate()
	msg.SetMessageIDWithValue(messageID(m.id, p.Settings["from"])) // the library's own names this machine
	msg.SetBodyString(mail.TypeTextPlain, m.text)
	options := []mail.Option{
		mail.WithPort(s.port), mail.WithTimeout(answerWithin), mail.WithoutNoop(),
		mail.WithDialContextFunc(func(ctx context.Context, _, address string) (net.Conn, error) {
			return n.o.Gate.DialMail(ctx, address, s.tls)
		}),
	}
	named := n.o.Gate.Names(s.host, strconv.Itoa(s.port))
	switch {
	case s.tls:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS)) // the connection is TLS already
	case named:
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if p.Settings["password"] != "" {
		auth := mail.SMTPAuthAutoDiscover
		if s.tls {
			auth = mail.SMTPAuthPlainNoEnc // it does not know that the connection is TLS
		}
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(firstText(s.user, p.Settings["from"])), mail.WithPassword(p.Settings["password"]))
	}
	c, err := mail.NewClient(s.host, options...)
	if err != nil {
		return errors.New("mail cannot be set up with these settings")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*answerWithin)
	defer cancel()
	return mailError(c.DialAndSendWithContext(ctx, msg))
}

// messageID names a message: a repeat has the name of the first, so that a mailbox shows one.
func messageID(id, from string) string {
	domain := "grantkeep.invalid"
	if sender, err := netmail.ParseAddress(from); err == nil {
		domain = sender.Address[strings.LastIndexByte(sender.Address, '@')+1:]
	}
	return id + "@" + domain
}

// mailError keeps the number with which a server refuses, and of everything else a class: texts of servers may quote
// what they like.
func mailError(err error) error {
	var sent *mail.SendError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &sent) && sent.ErrorCode() > 0:
		return &Refusal{"SMTP " + strconv.Itoa(sent.ErrorCode())}
	}
	return &Refusal{"the mail server was not reached, does not speak TLS, or refuses the user"}
}
