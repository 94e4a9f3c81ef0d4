package grantkeep

// Face is how an app shows itself to merchants. Everything in it may be empty.
type Face struct {
	Vendor  string `json:"vendor,omitempty"`  // who asks; without it the app's name stands there
	Letters string `json:"letters,omitempty"` // a sign of up to three letters
	Picture []byte `json:"picture,omitempty"` // a sign as PNG, which we wrote ourselves; it stands before the letters
	Support string `json:"support,omitempty"` // an https address, an e-mail address or a telephone number
}

// Vendor is who asks a merchant for an authorization.
func (a *App) Vendor() string {
	if a.Face.Vendor != "" {
		return a.Face.Vendor
	}
	return a.Name
}
