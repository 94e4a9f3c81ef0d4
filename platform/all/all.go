// Package all is the list of platforms: one line each. Whoever adds a platform adds its line here.
package all

import (
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
)

// Platform is one platform of the product.
type Platform struct {
	Driver platform.Driver
}

// Platforms returns every platform, in the order in which people see them.
func Platforms() []Platform {
	return []Platform{
		{Driver: shoplazza.New()},
	}
}

// Drivers returns the drivers alone.
func Drivers() []platform.Driver {
	var drivers []platform.Driver
	for _, p := range Platforms() {
		drivers = append(drivers, p.Driver)
	}
	return drivers
}
