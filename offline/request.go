package offline

import (
	"errors"
	"fmt"
	"maps"
	"net/url"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Step is one step of a grant's life, and what is known when it is taken.
type Step struct {
	Do       string // authorize, cancel, exchange, refresh, obtain, call
	Subject  gk.Subject
	Facts    map[string]string // of the subject's grant
	Token    gk.Token
	Want     platform.Want // authorize, cancel; Hint is taken from Subject
	Callback url.Values    // exchange: the callback's parameters
	Call     platform.Call // call
}

// Request builds the request of a step. A step that the platform does not have, and one for which something is
// missing, are errors that say so.
func Request(d platform.Driver, app platform.App, step Step) (*platform.Request, error) {
	if d.Spec().Facts.ShopNeeded && step.Subject.Host != "" {
		host, err := d.Spec().ShopHost(step.Subject.Host)
		if err != nil {
			return nil, fmt.Errorf("subject.host: the %w", err)
		}
		step.Subject.Host = host
	}
	switch step.Do {
	case "authorize", "cancel":
		return link(d, app, step)
	case "exchange":
		return exchange(d, app, step)
	case "refresh":
		return refresh(d, app, step)
	case "obtain":
		return obtain(d, app, step)
	case "call":
		return signed(d, app, step)
	}
	return nil, fmt.Errorf("do %q is none of authorize, cancel, exchange, refresh, obtain, call", step.Do)
}

// replaced are the members of `system` that say who calls what. The server refuses them, since there a caller must not
// speak for another grant; here they take the place of what the line says elsewhere.
var replaced = []string{"app_key", "method", "session"}

func signed(d platform.Driver, app platform.App, step Step) (*platform.Request, error) {
	cred := platform.Credential{Subject: step.Subject, Facts: step.Facts, Token: step.Token}
	step.Call.System = maps.Clone(step.Call.System)
	for _, name := range replaced {
		if !step.Call.System.Has(name) {
			continue
		}
		value := step.Call.System.Get(name)
		switch name {
		case "app_key":
			app.Settings = maps.Clone(app.Settings)
			app.Settings[name] = value
		case "method":
			step.Call.Operation = value
		case "session":
			cred.Token.Access = gk.NewSecret(value)
		}
		step.Call.System.Del(name)
	}
	return d.Sign(app, cred, step.Call)
}

func link(d platform.Driver, app platform.App, step Step) (*platform.Request, error) {
	step.Want.Cancel, step.Want.Hint = step.Do == "cancel", step.Subject
	l, err := d.Link(app, step.Want)
	if err != nil {
		return nil, err
	}
	return &platform.Request{Method: "GET", URL: l.URL, Signature: l.Signature, SignedText: l.SignedText, Expires: l.Expires}, nil
}

func exchange(d platform.Driver, app platform.App, step Step) (*platform.Request, error) {
	cb, err := callback(d, app, step)
	if err != nil {
		return nil, err
	}
	r, err := d.ExchangeRequest(app, cb)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, errors.New("there is nothing to exchange: on this platform the callback itself is the permission")
	}
	return r, nil
}

// callback reads the parameters of a callback. Where callbacks carry a proof it is not asked for: whoever has the
// parameters in hand wants the request, and Verify is there to check them. The driver compares what they name with the
// subject.
func callback(d platform.Driver, app platform.App, step Step) (platform.Callback, error) {
	if d.Spec().Facts.Callback.Proof {
		for name, values := range step.Callback {
			if len(values) > 1 {
				return platform.Callback{}, fmt.Errorf("callback.%s comes more than once", name)
			}
		}
		return platform.Callback{
			Code: gk.NewSecret(step.Callback.Get("code")), State: step.Callback.Get("state"),
			Subject: step.Subject, Params: step.Callback,
		}, nil
	}
	cb, err := d.ReadCallback(app, platform.Incoming{Method: "GET", URL: arrival(app.CallbackURL, named(d.Spec().Facts, step))})
	switch {
	case err != nil:
		return cb, err
	case cb.Fault != nil:
		return cb, fmt.Errorf("the callback brings the error %s, not a code", cb.Fault.Code)
	case cb.Empty:
		return cb, errors.New("the callback has neither a code nor an error")
	}
	if step.Subject.ID != "" && cb.Subject.ID != "" && !step.Subject.Same(cb.Subject) {
		return cb, fmt.Errorf("the callback names %s %s, the subject is %s %s",
			cb.Subject.Kind, cb.Subject.ID, step.Subject.Kind, step.Subject.ID)
	}
	if cb.Subject.ID == "" {
		cb.Subject = step.Subject
	}
	return cb, nil
}

// named returns the callback's parameters. Where they tell nobody's id, the subject tells it: a person who writes a subject
// down need not write it twice.
func named(facts *platform.Facts, step Step) url.Values {
	for _, name := range facts.Callback.Names {
		if step.Callback.Has(name) {
			return step.Callback
		}
	}
	params := maps.Clone(step.Callback)
	if name := facts.Callback.Names[step.Subject.Kind]; params != nil && name != "" && step.Subject.ID != "" {
		params.Set(name, step.Subject.ID)
	}
	return params
}

// arrival is the address at which a callback comes in. What the registered address's own query holds comes back with it,
// but for a name that the callback brings itself.
func arrival(address string, params url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		u = &url.URL{}
	}
	all := u.Query()
	maps.Copy(all, params)
	return "/callback?" + all.Encode()
}

func refresh(d platform.Driver, app platform.App, step Step) (*platform.Request, error) {
	refresher, ok := d.(platform.Refresher)
	facts := d.Spec().Facts
	refresh := facts.RefreshOf(app.Profile, app.Stage)
	if !ok || refresh.Style == platform.NoRefresh {
		return nil, errors.New("a grant of this platform and profile cannot be renewed")
	}
	if facts.Tokens && !refresh.Asks(step.Token) {
		return nil, errors.New("token.refresh is empty")
	}
	return refresher.RefreshRequest(app, platform.Credential{Subject: step.Subject, Facts: step.Facts, Token: step.Token})
}

// obtain asks with the app's own credentials.
func obtain(d platform.Driver, app platform.App, step Step) (*platform.Request, error) {
	refresher, ok := d.(platform.Refresher)
	if !ok || d.Spec().Facts.RefreshOf(app.Profile, app.Stage).Style != platform.Reask {
		return nil, errors.New("this platform and profile have no client credentials")
	}
	return refresher.RefreshRequest(app, platform.Credential{Subject: step.Subject, Facts: step.Facts})
}
