package serve

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// longestOperations is how much of a file of operations is read.
const longestOperations = 1 << 20

// withOperations returns the platforms with what an operator's file adds to their lists of operations; path may be empty.
func withOperations(path string) ([]platform.Driver, error) {
	drivers := all.Drivers()
	if path == "" {
		return drivers, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("--operations: %w", err)
	}
	if info.Size() > longestOperations {
		return nil, fmt.Errorf("--operations %s: is longer than %d bytes", path, longestOperations)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--operations: %w", err)
	}
	added, err := platform.ReadOperations(data)
	if err != nil {
		return nil, fmt.Errorf("--operations %s: %w", path, err)
	}
	var codes []string
	for _, d := range drivers {
		code := d.Spec().Code
		codes = append(codes, code)
		if err := d.Spec().Facts.AddOperations(added[code]); err != nil {
			return nil, fmt.Errorf("--operations %s: %w", path, err)
		}
	}
	for code := range added {
		if !slices.Contains(codes, code) {
			return nil, fmt.Errorf("--operations %s: %q is no platform; there are %s", path, code, strings.Join(codes, ", "))
		}
	}
	return drivers, nil
}

// platforms returns the drivers of an installation.
func (in *Installation) platforms() []platform.Driver {
	if in.drivers == nil {
		in.drivers = all.Drivers()
	}
	return in.drivers
}
