package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
)

// App is an application as the API shows it: its secrets are told by the date they were set, never by value.
type App struct {
	ID            string                 `json:"id"`
	Platform      string                 `json:"platform"`
	Environment   string                 `json:"environment" enum:"production,sandbox"`
	Profile       string                 `json:"profile"`
	Stage         string                 `json:"stage" enum:"online,testing"`
	Name          string                 `json:"name"`
	Settings      map[string]string      `json:"settings" doc:"without the secret ones"`
	SecretsSet    map[string]wire.Moment `json:"secrets_set" doc:"since when each secret stands"`
	Endpoints     map[string]string      `json:"endpoints"`
	ReturnOrigins []string               `json:"return_origins" nullable:"false"`
	Vendor        string                 `json:"vendor,omitempty" doc:"who asks the merchant; without it the name stands on the merchant's pages"`
	Sign          string                 `json:"sign,omitempty" doc:"on the merchant's pages: letters, or the address of the picture"`
	Support       string                 `json:"support,omitempty" doc:"on the merchant's pages: an https address, an e-mail address or a telephone number"`
	Callback      string                 `json:"callback" doc:"to be registered at the platform"`
	Push          string                 `json:"push" doc:"to be registered at the platform"`
	Install       string                 `json:"install,omitempty" doc:"to be registered where merchants begin at the platform"`
	Stopped       bool                   `json:"stopped" doc:"by an administrator: no token is served, refreshed or used"`
	PausedUntil   wire.Moment            `json:"paused_until" doc:"renewals wait: the app itself is refused"`
	Fault         *explain.Fault         `json:"fault,omitempty"`
	Version       int64                  `json:"version"`
	CreatedAt     wire.Moment            `json:"created_at"`
	UpdatedAt     wire.Moment            `json:"updated_at"`
}

func (s *server) app(a gk.App) App {
	since, err := s.Keeper.Apps().SecretSince(a)
	if err != nil {
		since = nil // they do not open, which the app's fault tells; that is no reason to hide the others
	}
	out := App{
		ID: a.ID, Platform: a.Platform, Environment: a.Environment, Profile: a.Profile, Stage: a.Stage, Name: a.Name,
		Settings: wire.Pairs(a.Settings), SecretsSet: wire.Moments(since), Endpoints: wire.Pairs(a.Endpoints), ReturnOrigins: wire.Texts(a.ReturnOrigins),
		Vendor: a.Face.Vendor, Sign: a.Face.Letters, Support: a.Face.Support,
		Callback: a.Settings["redirect_uri"], Push: a.Settings["push_url"],
		Stopped: s.Keeper.Apps().Stopped(a.ID), PausedUntil: wire.At(a.PausedUntil), Fault: s.Fault(s.Keeper.Apps().FaultOf(a), a.Environment), Version: a.Version,
		CreatedAt: wire.At(a.CreatedAt), UpdatedAt: wire.At(a.UpdatedAt),
	}
	if len(a.Face.Picture) > 0 {
		out.Sign = s.Keeper.Apps().SignURL(&a)
	}
	if out.Callback == "" {
		out.Callback = s.Keeper.Apps().CallbackURL(a.ID)
	}
	if out.Push == "" {
		out.Push = s.Keeper.Apps().PushURL(a.ID)
	}
	if _, ok := s.Keeper.Apps().Driver(a.Platform).(platform.Starter); ok {
		out.Install = s.Keeper.Apps().InstallURL(a.ID)
	}
	return out
}

// shownApp is the answer with one app.
func (s *server) shownApp(a gk.App, err error) (*wire.Output[App], error) {
	if err != nil {
		return nil, err
	}
	return wire.Answer(s.app(a)), nil
}

// newApp is an application as a caller describes it.
type newApp struct {
	Platform      string                `json:"platform" doc:"its code; GET /v1/platforms lists them"`
	Environment   string                `json:"environment,omitempty" doc:"production (the default) or sandbox"`
	Profile       string                `json:"profile,omitempty" doc:"kind of app at the platform; its first profile is the default"`
	Stage         string                `json:"stage,omitempty" doc:"online (the default) or testing"`
	Name          string                `json:"name,omitempty"`
	Settings      map[string]appSetting `json:"settings" doc:"by the platform's own names, secret ones too"`
	Endpoints     map[string]string     `json:"endpoints,omitempty" doc:"other hosts than the platform's, as far as the server was started with them"`
	ReturnOrigins []string              `json:"return_origins,omitempty" doc:"where return_to of an authorization may lead"`
	FaceInput
}

// appChange is what PATCH takes; what is absent stays.
type appChange struct {
	Name          *string               `json:"name,omitempty"`
	Environment   *string               `json:"environment,omitempty"`
	Profile       *string               `json:"profile,omitempty"`
	Stage         *string               `json:"stage,omitempty"`
	Settings      map[string]appSetting `json:"settings,omitempty" doc:"merged; an empty value removes one"`
	Endpoints     map[string]string     `json:"endpoints,omitempty" doc:"replaced"`
	ReturnOrigins []string              `json:"return_origins,omitempty" doc:"replaced"`
	FaceInput
}

// FaceInput is how an app shall show itself to merchants.
type FaceInput struct {
	Vendor  *string `json:"vendor,omitempty" doc:"who asks the merchant, at most 60 letters; empty: the app's name"`
	Sign    *string `json:"sign,omitempty" doc:"up to 3 letters, or data:image/png;base64,… of a PNG, JPEG or GIF of at most 256 x 256 px; empty: the vendor's first letter"`
	Support *string `json:"support,omitempty" doc:"an https address, an e-mail address or a telephone number; empty: none"`
}

func (f FaceInput) read() apps.FaceInput { return apps.FaceInput(f) }

// returnKey is the key that signs return addresses, which is shown this once.
type returnKey struct {
	Key string `json:"return_key" doc:"HMAC-SHA256 with it, over path and query up to &gk_sig=, is gk_sig in URL-safe base64 without padding"`
}

// checkApp tells how an app stands at its platform.
func (s *server) checkApp(ctx context.Context, key gk.Key, in *wire.ByID) (*wire.Output[wire.List[wire.Check]], error) {
	a, err := s.Store.App(ctx, key.Viewer(), in.ID)
	if err != nil {
		return nil, err
	}
	found, err := s.Keeper.CheckApp(ctx, key.Viewer(), in.ID)
	if err != nil {
		return nil, err
	}
	checks := wire.List[wire.Check]{Items: make([]wire.Check, 0, len(found))}
	for _, c := range found {
		checks.Items = append(checks.Items, wire.Check{Name: c.Name, State: c.State, Detail: c.Detail, Fault: s.Fault(c.Fault, a.Environment)})
	}
	return wire.Answer(checks), nil
}

func (s *server) routeApps() {
	door.Add(s.Door, huma.Operation{
		OperationID: "list-apps", Method: http.MethodGet, Path: "/v1/apps", Summary: "List apps",
	}, func(ctx context.Context, key gk.Key, in *wire.Page) (*wire.Output[wire.List[App]], error) {
		name := wire.FilterName("apps")
		after, err := wire.OpenCursor(key, name, in.Cursor)
		if err != nil {
			return nil, err
		}
		rows, err := s.Store.Apps(ctx, key.Viewer(), after, in.Limit+1)
		if err != nil {
			return nil, err
		}
		shown := make([]App, 0, len(rows))
		for _, a := range rows {
			shown = append(shown, s.app(a))
		}
		same := func(a App) App { return a }
		return wire.Answer(wire.PageOf(shown, in.Limit, same, func(a App) string { return wire.SealCursor(key, name, a.ID) })), nil
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "get-app", Method: http.MethodGet, Path: "/v1/apps/{id}", Summary: "Show an app",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*wire.Output[App], error) {
		return s.shownApp(s.Store.App(ctx, key.Viewer(), in.ID))
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "create-app", Method: http.MethodPost, Path: "/v1/apps", DefaultStatus: http.StatusCreated, Summary: "Add an app",
		Description: "Secrets among the settings are sealed and never shown again.",
	}, func(ctx context.Context, key gk.Key, in *struct{ Body newApp }) (*wire.Output[App], error) {
		if len(key.Apps) > 0 {
			return nil, problem.New(problem.Forbidden, "this key is limited to some apps and cannot add one")
		}
		if err := wholeOwner(key); err != nil {
			return nil, err
		}
		b := in.Body
		settings, err := s.settingsOf(b.Platform, b.Settings)
		if err != nil {
			return nil, err
		}
		return s.shownApp(s.Keeper.Apps().Create(ctx, key.Viewer(), apps.Input{
			Platform: b.Platform, Environment: b.Environment, Profile: b.Profile, Stage: b.Stage, Name: b.Name,
			Settings: settings, Endpoints: b.Endpoints, ReturnOrigins: b.ReturnOrigins, Face: b.read(),
		}))
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "change-app", Method: http.MethodPatch, Path: "/v1/apps/{id}", Summary: "Change an app",
		Description: "Clears the app's pause. New endpoints, another environment, client id, redirect_uri or push_url need the secrets again.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body appChange
	}) (*wire.Output[App], error) {
		if err := s.mayChangeApp(ctx, key, in.ID); err != nil {
			return nil, err
		}
		b := in.Body
		a, err := s.Store.App(ctx, key.Viewer(), in.ID)
		if err != nil {
			return nil, err
		}
		settings, err := s.settingsOf(a.Platform, b.Settings)
		if err != nil {
			return nil, err
		}
		return s.shownApp(s.Keeper.Apps().Update(ctx, key.Viewer(), in.ID, apps.Change{
			Name: b.Name, Environment: b.Environment, Profile: b.Profile, Stage: b.Stage,
			Settings: settings, Endpoints: b.Endpoints, ReturnOrigins: b.ReturnOrigins, Face: b.read(),
		}))
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "delete-app", Method: http.MethodDelete, Path: "/v1/apps/{id}", DefaultStatus: http.StatusNoContent, Summary: "Remove an app",
		Description: "With its secrets, links and revoked grants. 409 app-in-use while it has other grants; the detail counts them.",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*struct{}, error) {
		if err := s.mayChangeApp(ctx, key, in.ID); err != nil {
			return nil, err
		}
		err := s.Keeper.Apps().Delete(ctx, key.Viewer(), in.ID)
		if errors.Is(err, store.ErrInUse) {
			return nil, s.appInUse(ctx, key, in.ID)
		}
		return nil, err
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "check-app", Method: http.MethodPost, Path: "/v1/apps/{id}/check", Summary: "Check an app against its platform",
	}, s.checkApp)

	for _, way := range []struct {
		name, summary string
		stop          bool
	}{
		{"stop", "Stop an app: no token of it is served, refreshed or used", true},
		{"start", "Let a stopped app go on", false},
	} {
		door.Add(s.Door, huma.Operation{
			OperationID: way.name + "-app", Method: http.MethodPost, Path: "/v1/apps/{id}/" + way.name, Summary: way.summary,
			Description: "Every instance hears of it within a second. Reads, calls and refreshes of a stopped app answer 409 app-stopped.",
		}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*wire.Output[App], error) {
			if err := s.mayChangeApp(ctx, key, in.ID); err != nil {
				return nil, err
			}
			if err := s.Keeper.Apps().SetStopped(ctx, key.Viewer(), in.ID, way.stop); err != nil {
				return nil, err
			}
			return s.shownApp(s.Store.App(ctx, key.Viewer(), in.ID))
		})
	}

	door.Add(s.Door, huma.Operation{
		OperationID: "make-return-key", Method: http.MethodPost, Path: "/v1/apps/{id}/return-key", DefaultStatus: http.StatusCreated,
		Summary:     "Make the key that signs an app's return addresses",
		Description: "In place of the one before. Return addresses then carry gk_at and gk_sig.",
	}, func(ctx context.Context, key gk.Key, in *wire.ByID) (*wire.Output[returnKey], error) {
		if err := s.mayChangeApp(ctx, key, in.ID); err != nil {
			return nil, err
		}
		made, err := s.Keeper.Apps().NewReturnKey(ctx, key.Viewer(), in.ID)
		return wire.Answer(returnKey{made.Reveal()}), err
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "recover-grants", Method: http.MethodPost, Path: "/v1/apps/{id}/recover", DefaultStatus: http.StatusCreated,
		Summary:     "Trade a recovery code of the platform's console for grants",
		Description: "The codes that a platform takes, and what may stand beside one, are in its facts under recovery. The answer is the authorization that this makes.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body recovery
	}) (*wire.Output[Authorization], error) {
		params := url.Values{}
		for name, value := range in.Body.Codes {
			params.Set(name, value)
		}
		o, err := s.consent.Recover(ctx, key.Viewer(), in.ID, in.Body.Owner, params)
		return wire.Answer(s.authorization(o.Authorization)), err
	})

	door.Add(s.Door, huma.Operation{
		OperationID: "obtain-grant", Method: http.MethodPost, Path: "/v1/apps/{id}/grants", DefaultStatus: http.StatusCreated,
		Summary:     "Make a grant that nobody has to click for",
		Description: "Client credentials, self-use apps, or a token that a merchant copied; a pasted token is asked whose it is before it is stored.",
	}, s.obtainGrant)
}

// recovery is a code that the platform's console gave, by the platform's own name.
type recovery struct {
	Owner string            `json:"owner,omitempty" maxLength:"200" doc:"whose the grants will be"`
	Codes map[string]string `json:"codes" minProperties:"1" maxProperties:"3" doc:"the code by the platform's own name, and what it needs beside"`
}

// obtained is what a grant without a click is made of.
type obtained struct {
	Subject *newSubject  `json:"subject,omitempty"`
	Owner   string       `json:"owner,omitempty"`
	Token   *pastedToken `json:"token,omitempty"`
}

// pastedToken is a pair that a merchant copied out of the platform's pages.
type pastedToken struct {
	Access           string         `json:"access,omitempty"`
	Refresh          string         `json:"refresh,omitempty"`
	ExpiresAt        wire.GivenTime `json:"expires_at,omitzero"`
	RefreshExpiresAt wire.GivenTime `json:"refresh_token_expires_at,omitzero"`
}

// newSubject names who gives a permission.
type newSubject struct {
	Kind   string `json:"kind" maxLength:"50"`
	ID     string `json:"id" maxLength:"200"`
	Host   string `json:"host,omitempty" maxLength:"300"`
	Region string `json:"region,omitempty" maxLength:"50"`
}

func (s *server) obtainGrant(ctx context.Context, key gk.Key, in *struct {
	wire.ByID
	Body obtained
}) (*wire.Output[Grant], error) {
	owner, err := ownerFor(key, in.Body.Owner)
	if err != nil {
		return nil, err
	}
	want := consent.ObtainInput{Owner: owner}
	if b := in.Body.Subject; b != nil {
		want.Subject = &gk.Subject{Kind: b.Kind, ID: b.ID, Host: b.Host, Region: b.Region}
	}
	if b := in.Body.Token; b != nil {
		want.Token = gk.Token{
			Access: gk.NewSecret(b.Access), Refresh: gk.NewSecret(b.Refresh), Expires: b.ExpiresAt.Time, RefreshExpires: b.RefreshExpiresAt.Time,
		}
	}
	g, err := s.consent.Obtain(ctx, key.Viewer(), in.ID, want)
	var later *keeper.Later
	if errors.As(err, &later) && errors.Is(err, keeper.ErrSuspended) { // no grant is there that could be suspended
		p := problem.New(problem.PlatformUnreachable, "the platform was asked and did not answer")
		p.After, p.Fault = later.After, s.Fault(later.Fault, "")
		return nil, p
	}
	return s.shownGrant(ctx, key, g, err)
}

// ownerFor is the owner of something that a key makes: a key limited to owners stays among them, and one limited to a
// single owner need not name it.
func ownerFor(key gk.Key, owner string) (string, error) {
	if owner == "" && len(key.Owners) == 1 {
		return key.Owners[0], nil
	}
	if !key.Viewer().SeesOwner(owner) {
		return "", problem.Invalid("owner", "is outside this key's owners")
	}
	return owner, nil
}

// wholeOwner refuses what concerns all owners to a key that is limited to some.
func wholeOwner(key gk.Key) error {
	if len(key.Owners) > 0 {
		return problem.New(problem.Forbidden, "this needs a key that is not limited to owners")
	}
	return nil
}

// appInUse says how many grants stand in the way of an app's removal.
func (s *server) appInUse(ctx context.Context, key gk.Key, id string) error {
	counts, err := s.Store.GrantCounts(ctx, key.Viewer())
	if err != nil {
		return err
	}
	var living int64
	var states []string
	for _, c := range counts {
		if c.App == id && c.State != gk.Revoked && c.N > 0 {
			living += c.N
			states = append(states, strconv.FormatInt(c.N, 10)+" "+string(c.State))
		}
	}
	slices.Sort(states)
	return problem.New(problem.AppInUse, fmt.Sprintf("%d grants of %s are not revoked (%s); revoke them first, "+
		"as grantkeep grant revoke --all --app %s does, or stop the app, which keeps them", living, id, strings.Join(states, ", "), id))
}

// mayChangeApp refuses to change what all owners share; an app that the key does not see stays absent.
func (s *server) mayChangeApp(ctx context.Context, key gk.Key, id string) error {
	if len(key.Owners) == 0 {
		return nil
	}
	if _, err := s.Store.App(ctx, key.Viewer(), id); err != nil {
		return err
	}
	return wholeOwner(key)
}
