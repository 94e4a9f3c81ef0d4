package console

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/store"
)

// longestName is how long a text may be that is looked up as a name.
const longestName = 100

// pasted matches what people paste rather than type: JSON, an address with a query, something with a code.
var pasted = regexp.MustCompile(`^[\[{]|https?://\S+\?|[?&](error|code|errorCode)=|(?i)"?(error|code|msg|sub_code)"?\s*[:=]`)

// search decides on the server what was meant. It is a POST, so that nothing pasted ends in an address bar or a log.
func (c *console) search(v *visit) error {
	text := v.field("q")
	if text == "" {
		v.seeOther("/grants")
		return nil
	}
	if len(text) > longestName || pasted.MatchString(text) {
		return c.explained(v, "", "", text)
	}
	if end, ok := gk.IDEnd(text); ok {
		found, err := c.store.Authorizations(v.ctx(), v.viewer, store.AuthorizationFilter{IDEnd: end, Limit: 1})
		if err != nil {
			return err
		}
		if len(found) == 1 && len(found[0].Grants) == 1 {
			v.seeOther("/grants/" + found[0].Grants[0])
			return nil
		}
		v.seeOther("/links?q=" + url.QueryEscape(text))
		return nil
	}
	if strings.HasPrefix(text, "grt_") {
		if g, err := c.store.Grant(v.ctx(), v.viewer, text); err == nil {
			v.seeOther("/grants/" + g.ID)
			return nil
		}
	}
	found, err := c.store.Grants(v.ctx(), v.viewer, store.GrantFilter{Query: text, Limit: 2})
	if err != nil {
		return err
	}
	if len(found) == 1 {
		v.seeOther("/grants/" + found[0].ID)
		return nil
	}
	if len(found) == 0 {
		for _, d := range c.o.Drivers {
			if f := c.ask(d, explain.Question{Message: text, Code: text}); f.Known {
				return c.explained(v, d.Spec().Code, "", text)
			}
		}
	}
	v.w.Header().Set("Location", v.page.URL("/grants")+"?q="+url.QueryEscape(text))
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}
