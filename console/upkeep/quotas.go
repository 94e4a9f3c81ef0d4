package upkeep

import (
	"net/http"
	"strconv"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/console/desk"
	"github.com/grantkeep/grantkeep/console/frame"
	"github.com/grantkeep/grantkeep/lifecycle"
	"github.com/grantkeep/grantkeep/platform"
)

// quotasView is what platforms allow, and what is used of it.
type quotasView struct {
	frame.Page
	Rows []quotaRow
}

// quotaRow is one platform.
type quotaRow struct {
	Code       string
	Limits     platform.Limits
	Resets     string // when the day of the platform ends
	Top        []quotaUse
	Stopped    []appPause
	Unlimited  bool // no daily limit is published
	ReserveX   string
	AlmostX    string
	ReserveAt  int64
	HasReserve bool
}

// quotaUse is a grant that has used some of a day's token calls.
type quotaUse struct {
	Name, NameLang, Link string
	Used                 int64
	Width, Fill          string
}

// appPause is an app of which the platform takes nothing for a while.
type appPause struct{ Name, Link, Until string }

// mostConsumers is how many grants are named of a platform.
const mostConsumers = 10

// quietUse is the whole of a bar where no limit is published and hardly anything is used.
const quietUse = 20

// almost is the share of a limit from which it is near.
const almost = 0.8

// quotas shows them.
func (u *pages) quotas(v *desk.Visit) error {
	p := v.Page
	p.Section = "quotas"
	view := quotasView{Page: p}
	apps, err := u.Store.Apps(v.Ctx(), v.Viewer, "", 0)
	if err != nil && len(apps) == 0 {
		return err
	}
	for _, d := range u.Drivers {
		row := quotaRow{Code: d.Spec().Code, Limits: d.Spec().Facts.Limits}
		there := false
		for _, a := range apps {
			if a.Platform != row.Code {
				continue
			}
			there = true
			if f := a.Fault; f != nil && f.Action == gk.Backoff && a.PausedUntil.After(p.Now) {
				row.Stopped = append(row.Stopped, appPause{a.Name, p.URL("/apps/%s", a.ID), p.At(a.PausedUntil)})
			}
		}
		if !there {
			continue
		}
		if err := u.uses(v, d.Spec().Facts, &row); err != nil {
			return err
		}
		view.Rows = append(view.Rows, row)
	}
	return v.Show(http.StatusOK, quotaPage(view))
}

// uses fills in who has used the most of the platform's present day.
func (u *pages) uses(v *desk.Visit, facts *platform.Facts, row *quotaRow) error {
	p, limit := v.Page, facts.Limits.TokenCalls
	row.Unlimited = limit.Day == 0
	zone := facts.Refresh.Location()
	local := p.Now.In(zone)
	row.Resets = p.At(time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, zone))
	top, err := u.Store.TopUses(v.Ctx(), v.Viewer, row.Code, lifecycle.DayOf(p.Now, facts.Refresh), mostConsumers)
	if err != nil {
		return err
	}
	whole := limit.Day
	if row.Unlimited && len(top) > 0 {
		whole = max(top[0].QuotaUsed, quietUse)
	}
	if !row.Unlimited {
		row.AlmostX = percent(almost)
		if row.HasReserve = limit.Reserve > 0; row.HasReserve {
			row.ReserveAt = limit.Day - limit.Reserve
			row.ReserveX = percent(float64(row.ReserveAt) / float64(limit.Day))
		}
	}
	for _, g := range top {
		use := quotaUse{Name: frame.NameOf(g.Subject), Link: p.URL("/grants/%s", g.ID), Used: g.QuotaUsed, Fill: "var(--ok-fill)"}
		use.NameLang = frame.TongueOf(g.Subject.Region, use.Name)
		share := float64(g.QuotaUsed) / float64(max(whole, 1))
		if use.Width = percent(min(share, 1)); !row.Unlimited && share >= almost {
			use.Fill = "var(--warn-fill)"
		}
		row.Top = append(row.Top, use)
	}
	return nil
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + "%" }
