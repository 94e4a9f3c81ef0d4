package client

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// Texts is one text in the three languages.
type Texts struct {
	ZhCN string `json:"zh-CN"`
	ZhTW string `json:"zh-TW"`
	En   string `json:"en"`
}

// Fault is what a platform said, explained.
type Fault struct {
	Platform   string `json:"platform"`
	Stage      string `json:"stage"`
	Code       string `json:"code"`
	Message    string `json:"message,omitempty"`
	Action     string `json:"action"`
	Terminal   bool   `json:"terminal"`
	WhoseMove  string `json:"whose_move"`
	RetryAfter string `json:"retry_after,omitempty"`
	RequestID  string `json:"request_id,omitempty"`
	Known      bool   `json:"known"`
	Reason     string `json:"reason,omitempty"`
	Cause      Texts  `json:"cause"`
	Remedy     Texts  `json:"remedy"`
	Report     string `json:"report,omitempty"`
}

// App is one of our applications on a platform; its secrets never come back.
type App struct {
	ID            string            `json:"id,omitempty"`
	Platform      string            `json:"platform"`
	Environment   string            `json:"environment,omitempty"`
	Profile       string            `json:"profile,omitempty"`
	Stage         string            `json:"stage,omitempty"`
	Name          string            `json:"name,omitempty"`
	Settings      map[string]string `json:"settings"`
	Endpoints     map[string]string `json:"endpoints,omitempty"`
	ReturnOrigins []string          `json:"return_origins,omitempty"`
	Vendor        string            `json:"vendor,omitempty"`  // who asks the merchant; empty: Name
	Sign          string            `json:"sign,omitempty"`    // on the merchant's pages: letters, or a picture as a data: address; read back, the picture's address
	Support       string            `json:"support,omitempty"` // on the merchant's pages: an https address, an e-mail address or a telephone number
	Callback      string            `json:"callback,omitempty"`
	Push          string            `json:"push,omitempty"`
	Install       string            `json:"install,omitempty"`
	Fault         *Fault            `json:"fault,omitempty"`
}

// Check is one thing that was looked at: ok, failed, or manual where only a person can compare.
type Check struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Detail string `json:"detail"`
}

// Authorization is one attempt by a merchant. URL is told once, when it is made.
type Authorization struct {
	ID        string   `json:"id"`
	Number    string   `json:"number,omitempty"` // the one that a merchant sees
	App       string   `json:"app"`
	Owner     string   `json:"owner"`
	Kind      string   `json:"kind"`
	State     string   `json:"state"`
	Grants    []string `json:"grants"`
	Reason    string   `json:"reason,omitempty"`
	Kept      bool     `json:"kept,omitempty"` // its tokens wait to be placed
	Fault     *Fault   `json:"fault,omitempty"`
	URL       string   `json:"url,omitempty"`
	Replaces  []string `json:"replaces,omitempty"` // of a link: grants in good order whose pair its consent ends
	ExpiresAt gk.Time  `json:"expires_at"`
	CreatedAt gk.Time  `json:"created_at"`
}

// AuthorizationRequest is what a link must achieve.
type AuthorizationRequest struct {
	App      string   `json:"app"`
	Kind     string   `json:"kind,omitempty"`
	Owner    string   `json:"owner,omitempty"`
	Shop     string   `json:"shop,omitempty"`
	ReturnTo string   `json:"return_to,omitempty"`
	Grant    string   `json:"grant,omitempty"`
	Scopes   []string `json:"scopes,omitempty"`
	Form     string   `json:"form,omitempty"`
	Confirm  bool     `json:"confirm,omitempty"`
}

// Grant is a merchant's standing permission, without its tokens.
type Grant struct {
	ID                     string             `json:"id"`
	App                    string             `json:"app"`
	Platform               string             `json:"platform"`
	Environment            string             `json:"environment"`
	Subject                gk.Subject         `json:"subject"`
	Shops                  []gk.Shop          `json:"shops"`
	Owner                  string             `json:"owner"`
	State                  string             `json:"state"`
	WhoseMove              string             `json:"whose_move,omitempty"`
	Renewable              bool               `json:"renewable"`
	InDoubt                bool               `json:"in_doubt"`
	ExpiresAt              gk.Time            `json:"expires_at"`
	RefreshTokenExpiresAt  gk.Time            `json:"refresh_token_expires_at"`
	AuthorizationExpiresAt gk.Time            `json:"authorization_expires_at"`
	Windows                map[string]gk.Time `json:"windows,omitempty"`
	NextAt                 gk.Time            `json:"next_at"`
	Generation             int64              `json:"generation"`
	Version                int64              `json:"version"`
	Fault                  *Fault             `json:"fault,omitempty"`
	Scopes                 []string           `json:"scopes"`
	Tags                   map[string]string  `json:"tags"`
	Facts                  map[string]string  `json:"facts"`
	AuthorizedAt           gk.Time            `json:"authorized_at"`
	CreatedAt              gk.Time            `json:"created_at"`
	UpdatedAt              gk.Time            `json:"updated_at"`
}

// Token is an access token as the server hands it out.
type Token struct {
	AccessToken gk.Secret          `json:"-"`
	ExpiresAt   gk.Time            `json:"expires_at"`
	Windows     map[string]gk.Time `json:"windows,omitempty"`
	Grant       string             `json:"grant"`
	Generation  int64              `json:"generation"`
	Stale       bool               `json:"stale,omitempty"`
	Fault       *Fault             `json:"fault,omitempty"`
}

// Key is an API key; Text is told once, when it is made.
type Key struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Scopes    []string `json:"scopes"`
	Owners    []string `json:"owners"`
	Apps      []string `json:"apps"`
	CreatedAt gk.Time  `json:"created_at"`
	ExpiresAt gk.Time  `json:"expires_at"`
	RevokedAt gk.Time  `json:"revoked_at"`
	Text      string   `json:"key,omitempty"`
}

type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// all follows a list to its end.
func all[T any](ctx context.Context, c *Client, path string, query url.Values) ([]T, error) {
	items := []T{}
	query = maps.Clone(query)
	if query == nil {
		query = url.Values{}
	}
	if !query.Has("limit") {
		query.Set("limit", "1000") // the longest page
	}
	for {
		var p page[T]
		if err := c.Call(ctx, http.MethodGet, path, query, nil, &p); err != nil {
			return nil, err
		}
		items = append(items, p.Items...)
		if p.Next == "" {
			return items, nil
		}
		query.Set("cursor", p.Next)
	}
}

// CreateApp adds an application. Settings holds its secrets too; they are write-only.
func (c *Client) CreateApp(ctx context.Context, a App) (App, error) {
	var out App
	err := c.Call(ctx, http.MethodPost, "/v1/apps", nil, a, &out)
	return out, err
}

// Apps lists the applications.
func (c *Client) Apps(ctx context.Context) ([]App, error) { return all[App](ctx, c, "/v1/apps", nil) }

// App returns one application.
func (c *Client) App(ctx context.Context, id string) (App, error) {
	var out App
	err := c.Call(ctx, http.MethodGet, "/v1/apps/"+escape(id), nil, nil, &out)
	return out, err
}

// DeleteApp removes an application that has no grants.
func (c *Client) DeleteApp(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, "/v1/apps/"+escape(id), nil, nil, nil)
}

// CheckApp looks whether an application can work.
func (c *Client) CheckApp(ctx context.Context, id string) ([]Check, error) {
	var out page[Check]
	err := c.Call(ctx, http.MethodPost, "/v1/apps/"+escape(id)+"/check", nil, nil, &out)
	return out.Items, err
}

// Authorize makes a link for a merchant.
func (c *Client) Authorize(ctx context.Context, r AuthorizationRequest) (Authorization, error) {
	var out Authorization
	err := c.Call(ctx, http.MethodPost, "/v1/authorizations", nil, r, &out)
	return out, err
}

// Authorization returns how an attempt stands.
func (c *Client) Authorization(ctx context.Context, id string) (Authorization, error) {
	var out Authorization
	err := c.Call(ctx, http.MethodGet, "/v1/authorizations/"+escape(id), nil, nil, &out)
	return out, err
}

// Grants lists grants; query takes the contract's filters.
func (c *Client) Grants(ctx context.Context, query url.Values) ([]Grant, error) {
	return all[Grant](ctx, c, "/v1/grants", query)
}

// Obtain makes a grant that nobody has to click for: of client credentials, or of an app that asks for a shop's token itself.
// shop may be nil where the platform needs none.
func (c *Client) Obtain(ctx context.Context, app string, shop *gk.Subject, owner string) (Grant, error) {
	in := map[string]any{"owner": owner}
	if shop != nil {
		in["subject"] = map[string]string{"kind": shop.Kind, "id": shop.ID, "host": shop.Host, "region": shop.Region}
	}
	var out Grant
	err := c.Call(ctx, http.MethodPost, "/v1/apps/"+escape(app)+"/grants", nil, in, &out)
	return out, err
}

// Grant returns one grant.
func (c *Client) Grant(ctx context.Context, id string) (Grant, error) {
	var out Grant
	err := c.Call(ctx, http.MethodGet, "/v1/grants/"+escape(id), nil, nil, &out)
	return out, err
}

// Refresh refreshes a grant now.
func (c *Client) Refresh(ctx context.Context, id string, force bool) (Grant, error) {
	var out Grant
	err := c.Call(ctx, http.MethodPost, "/v1/grants/"+escape(id)+"/refresh", nil, map[string]bool{"force": force}, &out)
	return out, err
}

// Revoke ends a grant and erases its tokens.
func (c *Client) Revoke(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, "/v1/grants/"+escape(id), nil, nil, nil)
}

// RevokeAndForget ends a grant and erases what is known of its merchant beside the ids.
func (c *Client) RevokeAndForget(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, "/v1/grants/"+escape(id), url.Values{"erase": {"true"}}, nil, nil)
}

// Token returns the access token of a grant that still lasts for minValid; zero: the server's hour.
func (c *Client) Token(ctx context.Context, id string, minValid time.Duration) (Token, error) {
	query := url.Values{}
	if minValid > 0 {
		query.Set("min_valid", strconv.FormatInt(int64(minValid/time.Second), 10))
	}
	var out struct {
		Token
		Access string `json:"access_token"`
	}
	err := c.Call(ctx, http.MethodGet, "/v1/grants/"+escape(id)+"/token", query, nil, &out)
	out.AccessToken = gk.NewSecret(out.Access)
	return out.Token, err
}

// Keys lists the API keys.
func (c *Client) Keys(ctx context.Context) ([]Key, error) { return all[Key](ctx, c, "/v1/keys", nil) }

// CreateKey makes an API key; its text is in the answer and nowhere else.
func (c *Client) CreateKey(ctx context.Context, k Key) (Key, error) {
	in := map[string]any{"name": k.Name, "scopes": k.Scopes}
	if len(k.Owners) > 0 {
		in["owners"] = k.Owners
	}
	if len(k.Apps) > 0 {
		in["apps"] = k.Apps
	}
	if !k.ExpiresAt.IsZero() {
		in["expires_at"] = k.ExpiresAt
	}
	var out Key
	err := c.Call(ctx, http.MethodPost, "/v1/keys", nil, in, &out)
	return out, err
}

// RevokeKey ends an API key.
func (c *Client) RevokeKey(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, "/v1/keys/"+escape(id), nil, nil, nil)
}

// Rotation is a key that has been added to those that seal what the database holds.
type Rotation struct {
	Key     int64   `json:"key"`
	SealsAt gk.Time `json:"seals_at"`
}

// RotateKeyring adds an encryption key, or tells of the one that is being added.
func (c *Client) RotateKeyring(ctx context.Context) (Rotation, error) {
	var out Rotation
	err := c.Call(ctx, http.MethodPost, "/v1/keyring/rotate", nil, nil, &out)
	return out, err
}

// KeysetKey is one of the keys that seal, or sealed, what the database holds.
type KeysetKey struct {
	Key   int64 `json:"key"`
	Seals bool  `json:"seals"`
}

// Keyset is how those keys stand.
type Keyset struct {
	Keys     []KeysetKey `json:"keys"`
	Since    gk.Time     `json:"since"`
	InTheWay []string    `json:"in_the_way"` // of retiring the older ones
}

// Keyset tells how the keys stand.
func (c *Client) Keyset(ctx context.Context) (Keyset, error) {
	var out Keyset
	err := c.Call(ctx, http.MethodGet, "/v1/keyring", nil, nil, &out)
	return out, err
}

// RetireKeyset takes the older keys out of the set. Instances in without are gone for good, and their disks with them.
func (c *Client) RetireKeyset(ctx context.Context, without ...string) ([]int64, error) {
	var out struct {
		Retired []int64 `json:"retired"`
	}
	in := map[string]any{}
	if len(without) > 0 {
		in["without"] = without
	}
	err := c.Call(ctx, http.MethodPost, "/v1/keyring/retire", nil, in, &out)
	return out.Retired, err
}

// CheckUp looks how the server that answers and its database stand.
func (c *Client) CheckUp(ctx context.Context) ([]Check, error) {
	var p page[Check]
	err := c.Call(ctx, http.MethodGet, "/v1/checks", nil, nil, &p)
	return p.Items, err
}

// History lists the newest events of a grant, newest first.
func (c *Client) History(ctx context.Context, id string) ([]Event, error) {
	var p page[Event]
	err := c.Call(ctx, http.MethodGet, "/v1/grants/"+escape(id)+"/history", nil, nil, &p)
	return p.Items, err
}
