//go:build profiled

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"
)

// profileEvery is how much of the time one file tells of. The last file of a process that ends is lost.
const profileEvery = 10 * time.Second

// init has the process write what it spends its time on into the directory that GRANTKEEP_PROFILES names: the bench's
// -profiles builds a binary with it. No build that is shipped has the tag.
func init() {
	const name = "GRANTKEEP_PROFILES"
	dir := os.Getenv(name)
	if dir == "" {
		return
	}
	_ = os.Unsetenv(name) // it is no setting of the server, which would refuse it
	go func() {
		for n := 0; ; n++ {
			if err := profile(filepath.Join(dir, fmt.Sprintf("%d-%d.pprof", os.Getpid(), n))); err != nil {
				fmt.Fprintln(os.Stderr, name+":", err)
				return
			}
		}
	}()
}

func profile(path string) error {
	file, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	time.Sleep(profileEvery)
	pprof.StopCPUProfile()
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}
