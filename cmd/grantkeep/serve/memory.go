package serve

import (
	"bufio"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// memoryLimit returns how many bytes this process may use at most, as the machine, and the groups of processes that it is in,
// say: a container, a unit of systemd. root is the system's files. It is the largest number where nobody says anything, as on
// systems that are not Linux.
func memoryLimit(root fs.FS) uint64 {
	least := uint64(math.MaxUint64)
	if file, err := root.Open("proc/meminfo"); err == nil {
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
				if kib, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 54); err == nil {
					least = kib << 10
				}
				break
			}
		}
		_ = file.Close() // it was read
	}
	// A container sees its own group at the top; a unit has to find itself below it.
	least = min(least, groupLimit(root, "sys/fs/cgroup", "memory.max"), groupLimit(root, "sys/fs/cgroup/memory", "memory.limit_in_bytes"))
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return least
	}
	for line := range strings.Lines(string(groups)) {
		of := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(of) < 3 {
			continue
		}
		top, name := "sys/fs/cgroup", "memory.max"
		switch {
		case of[0] == "0" && of[1] == "":
		case of[1] == "memory":
			top, name = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for group := path.Clean("/" + of[2]); group != "/"; group = path.Dir(group) {
			least = min(least, groupLimit(root, top+group, name))
		}
	}
	return least
}

// groupLimit returns the limit of one group; one that has none says "max", or more than there is.
func groupLimit(root fs.FS, group, name string) uint64 {
	text, err := fs.ReadFile(root, group+"/"+name)
	if err != nil {
		return math.MaxUint64
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return math.MaxUint64
	}
	return n
}
