// Package all is the list of platforms: one line each. Whoever adds a platform adds its line here.
package all

import (
	"maps"
	"slices"
	"sync"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/douyin"
	"github.com/grantkeep/grantkeep/platform/eleme"
	"github.com/grantkeep/grantkeep/platform/lazada"
	"github.com/grantkeep/grantkeep/platform/shopee"
	"github.com/grantkeep/grantkeep/platform/shopeev1"
	"github.com/grantkeep/grantkeep/platform/shopify"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
	"github.com/grantkeep/grantkeep/platform/taobao"
	"github.com/grantkeep/grantkeep/platform/tiktokshop"
	"github.com/grantkeep/grantkeep/sim"
	douyinsim "github.com/grantkeep/grantkeep/sim/douyin"
	elemesim "github.com/grantkeep/grantkeep/sim/eleme"
	lazadasim "github.com/grantkeep/grantkeep/sim/lazada"
	shopeesim "github.com/grantkeep/grantkeep/sim/shopee"
	shopeev1sim "github.com/grantkeep/grantkeep/sim/shopeev1"
	shopifysim "github.com/grantkeep/grantkeep/sim/shopify"
	shoplazzasim "github.com/grantkeep/grantkeep/sim/shoplazza"
	taobaosim "github.com/grantkeep/grantkeep/sim/taobao"
	tiktokshopsim "github.com/grantkeep/grantkeep/sim/tiktokshop"
)

// Platform is one platform of the product: how we speak it, and the platform in a box.
type Platform struct {
	Driver    platform.Driver
	Simulator sim.Maker // nil: none yet
	Port      int       // where `grantkeep simulate` puts it, unless told otherwise
}

// Platforms returns every platform, in the order in which people see them.
func Platforms() []Platform { return slices.Clone(platforms()) }

// platforms reads facts and catalogues once in a process: a driver is pure, so that everybody may have the same.
var platforms = sync.OnceValue(func() []Platform {
	return []Platform{
		{shoplazza.New(), shoplazzasim.New, 7701},
		{shopee.New(), shopeesim.New, 7702},
		{shopeev1.New(), shopeev1sim.New, 7703},
		{eleme.New(), elemesim.New, 7704},
		{taobao.New(), taobaosim.New, 7705},
		{shopify.New(), shopifysim.New, 7706},
		{tiktokshop.New(), tiktokshopsim.New, 7707},
		{lazada.New(), lazadasim.New, 7708},
		{douyin.New(), douyinsim.New, 7709},
	}
})

// Drivers returns the drivers alone.
func Drivers() []platform.Driver {
	var drivers []platform.Driver
	for _, p := range Platforms() {
		drivers = append(drivers, p.Driver)
	}
	return drivers
}

// Simulators returns the simulators with the rows of their catalogues, and the port of each.
func Simulators() (list []sim.Platform, ports map[string]int) {
	ports = make(map[string]int)
	for _, p := range Platforms() {
		if p.Simulator == nil {
			continue
		}
		code := p.Driver.Spec().Code
		var rows []sim.Row
		for _, r := range p.Driver.Spec().Catalogue.Rows() {
			rows = append(rows, sim.Row{Stage: r.Stage, Code: r.Code, Pattern: r.PatternText, When: r.When, Example: r.Example, Action: string(r.Action)})
		}
		settings := slices.Sorted(maps.Keys(p.Driver.Spec().Facts.Settings))
		list = append(list, sim.Platform{Name: code, New: p.Simulator, Rows: rows, Settings: settings})
		ports[code] = p.Port
	}
	return list, ports
}
