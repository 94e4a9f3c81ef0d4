package serve

import "syscall"

// undumpable keeps other processes of the same user from reading this one's memory and environment.
func undumpable() error {
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
