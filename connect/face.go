package connect

import (
	"net/http"
	"strings"

	"github.com/grantkeep/grantkeep/store"
)

// sign serves an app's picture from our own origin. Its address changes with it, so a browser may keep it.
func (p *pages) sign(w http.ResponseWriter, r *http.Request) error {
	app, _, err := p.keeper.Apps().Read(r.Context(), r.PathValue("app"))
	if err != nil {
		return err
	}
	if len(app.Face.Picture) == 0 {
		return store.ErrNotFound
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(app.Face.Picture) // the client is gone; there is nobody to tell
	return nil
}

// supportText is a contact as people read it.
func supportText(support string) string {
	return strings.TrimSuffix(strings.TrimPrefix(support, "https://"), "/")
}
