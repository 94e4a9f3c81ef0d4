package storetest

import (
	"encoding/base64"
	"slices"
	"testing"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
	"github.com/grantkeep/grantkeep/store/storetest/staff"
)

func ciphertexts(t *testing.T, s store.Store) {
	ctx := t.Context()
	text := func(b string) string { return base64.StdEncoding.EncodeToString([]byte(b)) }
	given.MakeApp(t, s, "app")
	given.MakeAttempt(t, s, "app", "auth", "click") // its answer is "answer"
	made := makeOutlet(t, s, store.WebhookForm, "hook")
	reply := store.Reply{Key: "key", ID: []byte("id"), Request: []byte("request"), At: given.Epoch}
	_, _, err := s.ReserveReply(ctx, reply)
	if err != nil {
		t.Fatal(err)
	}
	reply.Answer = gk.Sealed("old reply")
	if err := s.SetReply(ctx, reply); err != nil {
		t.Fatal(err)
	}
	staff.MakePerson(t, s, "bo", store.RoleSupport) // the code is "sealed"
	if _, err := s.SetMetaOnce(ctx, "keyring_check", text("old check")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetMetaOnce(ctx, "other", text("no ciphertext")); err != nil {
		t.Fatal(err)
	}
	want := []store.Ciphertext{
		{Table: "clicks", Row: "click", Field: "answer", Sealed: gk.Sealed("answer")},
		{Table: "outlets", Row: "hook", Field: "sealed", Sealed: made.Sealed},
		{Table: "replies", Row: "key 6964", Field: "answer", Sealed: gk.Sealed("old reply")},
		{Table: "people", Row: "bo", Field: "code", Sealed: gk.Sealed("sealed")},
		{Table: "meta", Row: "keyring_check", Field: "v", Sealed: gk.Sealed("old check")},
	}
	find := func(limit int) []store.Ciphertext {
		t.Helper()
		found, err := s.CiphertextsBeside(ctx, []byte("new"), limit)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	same := func(a, b store.Ciphertext) bool {
		return a.Table == b.Table && a.Row == b.Row && a.Field == b.Field && string(a.Sealed) == string(b.Sealed)
	}
	found := find(10)
	if !slices.EqualFunc(found, want, same) {
		t.Fatalf("sealed by others are %d, want one of each of %d tables, in their order", len(found), len(want))
	}
	if n := len(find(2)); n != 2 {
		t.Errorf("%d are found, want two, as limited", n)
	}
	moved := found[0]
	moved.Sealed = gk.Sealed("what stood there before")
	if err := s.ReplaceCiphertext(ctx, moved, gk.Sealed("new, but late"), 9); err != nil {
		t.Errorf("replacing what stands there no more = %v", err)
	}
	for _, c := range found {
		if err := s.ReplaceCiphertext(ctx, c, gk.Sealed("new "+c.Table), 9); err != nil {
			t.Errorf("replacing in %s = %v", c.Table, err)
		}
	}
	if left := find(10); len(left) > 0 {
		t.Errorf("%d are left under other keys, the first in %s", len(left), left[0].Table)
	}
	click, err := s.Click(ctx, "click")
	if err != nil || string(click.Answer) != "new clicks" || click.AnswerKey != 9 {
		t.Errorf("the click's answer is by key %d, %v; want the new one, by 9", click.AnswerKey, err)
	}
	stands, err := s.Meta(ctx, "keyring_check")
	if err != nil || stands != text("new meta") {
		t.Errorf("the check value is %q, %v", stands, err)
	}
	if again, _, err := s.ReserveReply(ctx, reply); err != nil || string(again.Answer) != "new replies" {
		t.Errorf("the reply is another one, %v", err)
	}
}

func keysetNotes(t *testing.T, s store.Store) {
	ctx := t.Context()
	behind := func(set int64, want ...string) {
		t.Helper()
		got, err := s.BehindKeyset(ctx, set)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("behind key set %d are %v, %v; want %v", set, got, err, want)
		}
	}
	behind(1)
	by, err := s.Announce(ctx, "mine", "v1")
	if err != nil {
		t.Fatal(err)
	}
	behind(1, "mine")
	if err := s.NoteKeyset(ctx, by, 3); err != nil {
		t.Fatal(err)
	}
	behind(3)
	behind(4, "mine")
	if err := s.NoteKeyset(ctx, store.ByOf("mine", 77), 9); err != nil { // another process of this identity
		t.Fatal(err)
	}
	behind(4, "mine")
	behind(3)
}
