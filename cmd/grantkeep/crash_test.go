package main

import (
	"syscall"
	"testing"
	"time"
)

func TestTermInTheMiddleOfARenewal(t *testing.T) {
	t.Parallel()
	f := newFleet(t, "", 1)
	id := f.connect(0)
	f.slow(2 * time.Second)
	answer := f.refresh(0, id)
	f.underWay(1)
	f.instances[0].signal(syscall.SIGTERM)
	if err := <-answer; err != nil {
		t.Errorf("the caller of the renewal got %v, want its answer", err)
	}
	if got := f.instances[0].status(); got != exitDone {
		t.Errorf("exit status = %d, want %d", got, exitDone)
	}
	f.start(f.instances[0])
	f.served(id, 0, 2)
	f.report(0, 1)
}
