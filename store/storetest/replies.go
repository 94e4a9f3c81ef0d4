package storetest

import (
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

func replies(t *testing.T, s store.Store) {
	ctx := t.Context()
	reserve := func(r store.Reply) (store.Reply, bool) {
		t.Helper()
		found, first, err := s.ReserveReply(ctx, r)
		if err != nil {
			t.Fatalf("ReserveReply = %v", err)
		}
		return found, first
	}
	r := store.Reply{Key: "key", ID: []byte("id"), Request: []byte("request"), At: given.Epoch}
	if _, first := reserve(r); !first {
		t.Error("nobody came before, yet it is not the first")
	}
	again := r
	again.Request, again.At = []byte("another"), given.Epoch.Add(time.Minute)
	if found, first := reserve(again); first || string(found.Request) != "request" || len(found.Answer) > 0 {
		t.Errorf("the second finds %v, first %t; want the first one without an answer", found, first)
	}
	if _, first := reserve(store.Reply{Key: "other", ID: r.ID, Request: r.Request, At: given.Epoch}); !first {
		t.Error("another key's reply is found")
	}
	r.Answer = gk.Sealed("answer")
	if err := s.SetReply(ctx, r); err != nil {
		t.Fatal(err)
	}
	if found, _ := reserve(again); string(found.Answer) != "answer" || !found.At.Equal(given.Epoch) {
		t.Errorf("the third finds %q of %s, want the answer", string(found.Answer), found.At)
	}
	again.At = given.Epoch.Add(store.KeepReplies + time.Millisecond)
	if _, first := reserve(again); !first {
		t.Error("a reply is found after its time")
	}
	if err := s.DropReply(ctx, r.Key, r.ID); err != nil {
		t.Fatal(err)
	}
	if _, first := reserve(r); !first {
		t.Error("a reply is found after it was dropped")
	}
	if n, err := s.Sweep(ctx, given.Epoch.Add(store.KeepReplies+time.Millisecond), 1); n != 1 || err != nil {
		t.Errorf("Sweep = %d, %v; want one of the two replies, as limited", n, err)
	}
	if n, err := s.Sweep(ctx, given.Epoch.Add(store.KeepReplies+time.Millisecond), 10); n != 1 || err != nil {
		t.Errorf("Sweep = %d, %v; want the other reply", n, err)
	}
}
