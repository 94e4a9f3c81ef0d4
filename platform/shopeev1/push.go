package shopeev1

import (
	"fmt"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shopeecore"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// Receive checks a push and reads it.
func (d driver) Receive(app platform.App, in platform.Incoming) (platform.Delivery, error) {
	return shopeecore.Receive(app, in, provePush, readNotice)
}

// provePush returns the name of the secret that a push is signed with: the push key first, then the partner key, which
// signed pushes before they had a key of their own.
func provePush(app platform.App, in platform.Incoming) (string, error) {
	got, err := shopeecore.PushSignature(app, in.Header)
	if err != nil {
		return "", err
	}
	if m, err := signing.HMACLower.Prove(app, shopeecore.PushText(app.PushURL, in.Body), got, "push_key", "partner_key"); err == nil {
		return m.Setting, nil
	}
	return "", fmt.Errorf("shopeev1: push: %w: no key of the app gives its signature over push_url, a vertical bar and the body", platform.ErrForged)
}

// readNotice reads a proven push.
func readNotice(app platform.App, body []byte) (platform.Notice, error) {
	p, err := shopeecore.ReadPush(body)
	if err != nil {
		return platform.Notice{}, err
	}
	return p.Notice(app, body)
}
