package console

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/store"
)

// urgency is the place of a grant in a list: what has ended before what is ending, and of two alike the one that ends first.
type urgency struct {
	rank int
	end  int64 // Unix milliseconds
	id   string
}

// noEnd is the end of a grant that has none.
const noEnd = 1 << 62

func urgencyOf(g *gk.Grant) urgency {
	u := urgency{rank: rankOf(moveOfGrant(g), g.State), end: noEnd, id: g.ID}
	if g.State == gk.Held {
		u.rank = rankOther
	}
	if end, _ := ending(g); !end.IsZero() {
		u.end = end.UnixMilli()
	}
	return u
}

func (u urgency) compare(other urgency) int {
	return cmp.Or(cmp.Compare(u.rank, other.rank), cmp.Compare(u.end, other.end), strings.Compare(u.id, other.id))
}

// The cursor of a list is the urgency of its last row where rows are in that order, else the id of that row.
func (u urgency) cursor() string {
	return "u" + strconv.Itoa(u.rank) + "." + strconv.FormatInt(u.end, 10) + "." + u.id
}

// urgencyFrom reads a cursor; false for one that is an id.
func urgencyFrom(cursor string) (u urgency, ok bool) {
	parts := strings.SplitN(strings.TrimPrefix(cursor, "u"), ".", 3)
	if !strings.HasPrefix(cursor, "u") || len(parts) != 3 {
		return u, false
	}
	rank, err := strconv.Atoi(parts[0])
	if err != nil {
		return u, false
	}
	end, err := strconv.ParseInt(parts[1], 10, 64)
	return urgency{rank, end, parts[2]}, err == nil
}

// wanted is what a filter asks for, beyond what the store can be asked.
type wanted struct {
	move, code string
	troubled   bool // only what is troubled
	dated      bool // only what ends within days, or on one
}

func wantedBy(filter url.Values) wanted {
	w := wanted{move: filter.Get("move"), code: filter.Get("code"), dated: filter.Get("ends") != "" || filter.Get("ends_on") != ""}
	w.troubled = w.move != "" || w.code != "" || filter.Get("list") == "todo"
	return w
}

// findGrants reads a page of what a filter asks for: first what is troubled, which is in the census, the most urgent in front,
// then the others, which the store has in its order. next is the cursor of the page behind; empty where there is none.
func (c *console) findGrants(v *desk.Visit, filter url.Values, after string, s census) (found []gk.Grant, next string, err error) {
	w := wantedBy(filter)
	from, inTrouble := urgencyFrom(after)
	if w.troubled || !w.dated && filter.Get("q") == "" {
		if after == "" || inTrouble || w.troubled {
			found = troubledAfter(s, filter, w.move, w.code, from, inTrouble)
		}
		if len(found) > perPage {
			return found[:perPage], urgencyOf(&found[perPage-1]).cursor(), nil
		}
		if w.troubled {
			return found, "", nil
		}
	}
	f := store.GrantFilter{
		Platform: filter.Get("platform"), App: filter.Get("app"), Owner: filter.Get("owner"), State: gk.State(filter.Get("state")), Query: filter.Get("q"),
	}
	keep := func(g *gk.Grant) bool { return f.Query != "" || !s.isTroubled(g.ID) }
	if w.dated {
		if keep = narrowByEnd(v, filter, &f); keep == nil { // what is no day does not narrow
			keep = func(*gk.Grant) bool { return true }
		} else if after == "" || inTrouble {
			rows, err := c.store.Grants(v.Ctx(), v.Viewer, limited(f, mostSorted+1))
			if err != nil || len(rows) <= mostSorted {
				return soonest(rows, keep, from, inTrouble, err)
			}
		}
	}
	if inTrouble {
		after = ""
	}
	return c.restOf(v, f, keep, found, after)
}

// mostSorted is how many grants are sorted at once by their ends; more are listed in the store's order.
const mostSorted = 5000

func limited(f store.GrantFilter, limit int) store.GrantFilter {
	f.Limit = limit
	return f
}

// troubledAfter is what is troubled behind a place, the most urgent in front.
func troubledAfter(s census, filter url.Values, move, code string, from urgency, behind bool) (found []gk.Grant) {
	for _, g := range s.troubled {
		if (!behind || urgencyOf(&g).compare(from) > 0) && matches(&g, filter, move, code) {
			found = append(found, g)
		}
	}
	slices.SortFunc(found, func(a, b gk.Grant) int { return urgencyOf(&a).compare(urgencyOf(&b)) })
	return found
}

// restOf fills a page that may have begun with grants in the store's order, those that are to be kept.
func (c *console) restOf(v *desk.Visit, f store.GrantFilter, keep func(*gk.Grant) bool, found []gk.Grant, after string) ([]gk.Grant, string, error) {
	for {
		f.After, f.Limit = after, 2*perPage
		rows, err := c.store.Grants(v.Ctx(), v.Viewer, f)
		if err != nil {
			return nil, "", err
		}
		for i := range rows {
			if !keep(&rows[i]) {
				continue
			}
			if len(found) == perPage {
				return found, firstOf(after, found[perPage-1].ID), nil
			}
			found, after = append(found, rows[i]), rows[i].ID
		}
		if len(rows) < f.Limit {
			return found, "", nil
		}
		after = rows[len(rows)-1].ID
	}
}

// narrowByEnd narrows a filter to grants that meet an end which only a person can move, within some days or on one; nil where the
// address names neither.
func narrowByEnd(v *desk.Visit, filter url.Values, f *store.GrantFilter) func(*gk.Grant) bool {
	if days, err := strconv.Atoi(filter.Get("ends")); err == nil && days > 0 && days <= 400 {
		f.ExpiresBefore = v.Page.Now.AddDate(0, 0, days)
	}
	on, err := time.ParseInLocation(time.DateOnly, filter.Get("ends_on"), v.Page.Zone)
	if err == nil {
		f.ExpiresBefore = on.AddDate(0, 0, 1)
	}
	if f.ExpiresBefore.IsZero() {
		return nil
	}
	return func(g *gk.Grant) bool {
		end, _ := ending(g)
		return g.State != gk.Revoked && g.State != gk.Expired && (on.IsZero() || !end.Before(on))
	}
}

// soonest is a page of rows that are to be kept, behind a place, the soonest end in front.
func soonest(rows []gk.Grant, keep func(*gk.Grant) bool, from urgency, behind bool, err error) ([]gk.Grant, string, error) {
	rows = slices.DeleteFunc(rows, func(g gk.Grant) bool { return !keep(&g) || behind && urgencyOf(&g).compare(from) <= 0 })
	slices.SortFunc(rows, func(a, b gk.Grant) int { return urgencyOf(&a).compare(urgencyOf(&b)) })
	if len(rows) > perPage {
		return rows[:perPage], urgencyOf(&rows[perPage-1]).cursor(), err
	}
	return rows, "", err
}

// sorts are the orders that a person may ask for.
var sorts = []string{"name", "end", "used"}

// errTooMany says that more grants match than are sorted at once.
var errTooMany = errors.New("console: too many grants to sort")

// sortedGrants reads a page of what a filter asks for in an order that a person chose. The cursor is the number of rows before it.
func (c *console) sortedGrants(v *desk.Visit, filter url.Values, after string, s census) (found []gk.Grant, next string, err error) {
	w := wantedBy(filter)
	if w.troubled {
		found = troubledAfter(s, filter, w.move, w.code, urgency{}, false)
	} else {
		f := store.GrantFilter{
			Platform: filter.Get("platform"), App: filter.Get("app"), Owner: filter.Get("owner"), State: gk.State(filter.Get("state")), Query: filter.Get("q"),
		}
		keep := narrowByEnd(v, filter, &f)
		if found, err = c.store.Grants(v.Ctx(), v.Viewer, limited(f, mostSorted+1)); err != nil {
			return nil, "", err
		}
		if len(found) > mostSorted {
			return nil, "", errTooMany
		}
		if keep != nil {
			found = slices.DeleteFunc(found, func(g gk.Grant) bool { return !keep(&g) })
		}
	}
	if err := c.inSort(v, filter.Get("sort"), found); err != nil {
		return nil, "", err
	}
	from, _ := strconv.Atoi(after) // what is no number begins in front
	found = found[min(max(from, 0), len(found)):]
	if len(found) > perPage {
		return found[:perPage], strconv.Itoa(max(from, 0) + perPage), nil
	}
	return found, "", nil
}

// inSort puts grants into an order: by name as the person's language has it, the soonest end first, or the latest use first.
func (c *console) inSort(v *desk.Visit, sort string, list []gk.Grant) error {
	switch sort {
	case "name":
		letters := collate.New(language.Make(v.Page.Lang), collate.IgnoreCase)
		slices.SortStableFunc(list, func(a, b gk.Grant) int {
			return letters.CompareString(frame.NameOf(a.Subject), frame.NameOf(b.Subject))
		})
	case "end":
		slices.SortStableFunc(list, func(a, b gk.Grant) int { return cmp.Compare(urgencyOf(&a).end, urgencyOf(&b).end) })
	case "used":
		used, err := c.store.LastUses(v.Ctx(), idsOf(list))
		if err != nil {
			return err
		}
		slices.SortStableFunc(list, func(a, b gk.Grant) int { return used[b.ID].Compare(used[a.ID]) })
	}
	return nil
}

func idsOf(list []gk.Grant) []string {
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids
}
