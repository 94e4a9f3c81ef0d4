package serve

import (
	"math"
	"testing"
	"testing/fstest"
)

func TestMemoryThatMayBeUsedIsTheLeastThatIsSaid(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct {
		files map[string]string
		want  uint64
	}{
		"a system that says nothing": {nil, math.MaxUint64},
		"a machine":                  {map[string]string{"proc/meminfo": "MemTotal:        2097152 kB\nMemFree: 1 kB\n", "proc/self/cgroup": "0::/\n"}, 2048 * mib},
		"a container": {map[string]string{
			"proc/meminfo": "MemTotal:        2097152 kB\n", "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "134217728\n",
		}, 128 * mib},
		"a unit in a slice with less": {map[string]string{
			"proc/meminfo": "MemTotal:        2097152 kB\n", "proc/self/cgroup": "0::/few.slice/grantkeep.service\n",
			"sys/fs/cgroup/few.slice/memory.max": "67108864\n", "sys/fs/cgroup/few.slice/grantkeep.service/memory.max": "max\n",
		}, 64 * mib},
		"a container of the first kind of groups": {map[string]string{
			"proc/meminfo": "MemTotal:        2097152 kB\n", "proc/self/cgroup": "5:cpu:/\n4:memory:/docker/abc\n0::/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n",
		}, 256 * mib},
		"one of the first kind, seen from outside": {map[string]string{
			"proc/self/cgroup": "4:memory:/a/b\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "33554432\n",
		}, 32 * mib},
		"nonsense": {map[string]string{"proc/meminfo": "MemTotal: much\n", "proc/self/cgroup": "what\n", "sys/fs/cgroup/memory.max": "-1\n"}, math.MaxUint64},
	} {
		files := fstest.MapFS{}
		for path, text := range c.files {
			files[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := memoryLimit(files); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
