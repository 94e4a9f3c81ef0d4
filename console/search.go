package console

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/store"
)

// longestName is how long a text may be that is looked up as a name.
const longestName = 100

// pasted matches what people paste rather than type: JSON, an address with a query, something with a code.
var pasted = regexp.MustCompile(`^[\[{]|https?://\S+\?|[?&](error|code|errorCode)=|(?i)"?(error|code|msg|sub_code)"?\s*[:=]`)

// search decides on the server what was meant. It is a POST, so that nothing pasted ends in an address bar or a log.
func (c *console) search(v *desk.Visit) error {
	text := v.Field("q")
	if text == "" {
		v.SeeOther("/grants")
		return nil
	}
	if len(text) > longestName || pasted.MatchString(text) {
		return c.explained(v, "", "", text)
	}
	if end, ok := gk.IDEnd(text); ok {
		found, err := c.store.Authorizations(v.Ctx(), v.Viewer, store.AuthorizationFilter{IDEnd: end, Limit: 1})
		if err != nil {
			return err
		}
		if len(found) == 1 && len(found[0].Grants) == 1 {
			v.SeeOther("/grants/" + found[0].Grants[0])
			return nil
		}
		v.SeeOther("/links?q=" + url.QueryEscape(text))
		return nil
	}
	if strings.HasPrefix(text, "grt_") {
		if g, err := c.store.Grant(v.Ctx(), v.Viewer, text); err == nil {
			v.SeeOther("/grants/" + g.ID)
			return nil
		}
	}
	found, err := c.store.Grants(v.Ctx(), v.Viewer, store.GrantFilter{Query: text, Limit: 2})
	if err != nil {
		return err
	}
	if len(found) == 1 {
		v.SeeOther("/grants/" + found[0].ID)
		return nil
	}
	if len(found) == 0 {
		for _, d := range c.o.Drivers {
			if f := c.ask(d, explain.Question{Message: text, Code: text}); f.Known {
				return c.explained(v, d.Spec().Code, "", text)
			}
		}
	}
	v.W.Header().Set("Location", v.Page.URL("/grants")+"?q="+url.QueryEscape(text))
	v.W.WriteHeader(http.StatusSeeOther)
	return nil
}
