package apps

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/grantkeep/grantkeep/platform"
)

// longestInspection is how many pages an inspection may have.
const longestInspection = 50

// Inspect asks the platform about a credential, page by page. The driver must be a [platform.Inspector].
func (o Opened) Inspect(ctx context.Context, cred platform.Credential) (platform.Inspection, error) {
	ins := o.Driver.(platform.Inspector)
	var all platform.Inspection
	o, err := o.Equipped(ctx)
	if err != nil {
		return all, err
	}
	after := ""
	for range longestInspection {
		req, err := o.Request("inspect", func() (*platform.Request, error) { return ins.InspectRequest(o.Open, cred, after) })
		if err != nil {
			return all, err
		}
		reply, err := o.Ask(ctx, req, false, 30*time.Second)
		if err != nil {
			return all, err
		}
		in, next, err := Page(o, "read inspection", func() (platform.Inspection, string, error) { return ins.ReadInspection(o.Open, cred, reply) })
		if err != nil {
			return all, err
		}
		all = merge(all, in)
		if after = next; after == "" || all.Alive != nil && !*all.Alive {
			return all, nil
		}
	}
	return all, fmt.Errorf("%s: an inspection has more than %d pages", o.Driver.Spec().Code, longestInspection)
}

func merge(a, b platform.Inspection) platform.Inspection {
	if a.Subject.Kind == "" {
		a.Subject = b.Subject
	}
	if b.Alive != nil {
		a.Alive, a.Fault = b.Alive, b.Fault
	}
	a.Shops = append(a.Shops, b.Shops...)
	if a.Ceiling.IsZero() || !b.Ceiling.IsZero() && b.Ceiling.Before(a.Ceiling) {
		a.Ceiling = b.Ceiling // of an authorization and its order, the one that ends first ends both
	}
	if a.AuthorizedAt.IsZero() {
		a.AuthorizedAt = b.AuthorizedAt
	}
	if len(b.Scopes) > 0 {
		a.Scopes = b.Scopes
	}
	if a.Facts == nil {
		a.Facts = map[string]string{}
	}
	maps.Copy(a.Facts, b.Facts)
	return a
}
