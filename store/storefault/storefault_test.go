package storefault_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/store/storefault"
	"github.com/grantkeep/grantkeep/store/storetest"
)

func open(t *testing.T) *storefault.Store {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlitetest.Dir(t))
	if err != nil {
		t.Fatal(err)
	}
	return storefault.Wrap(db)
}

// TestWithoutFaultsItIsTheStore runs the store's suite through the wrapper.
func TestWithoutFaultsItIsTheStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t) })
}

// TestEveryMethodFails calls each method of the store by name with its fault set: one that is not wrapped would
// reach the closed store under it.
func TestEveryMethodFails(t *testing.T) {
	s := open(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	seam, value := reflect.TypeFor[store.Store](), reflect.ValueOf(s)
	failure := reflect.TypeFor[error]()
	for i := range seam.NumMethod() {
		name := seam.Method(i).Name
		if outs := seam.Method(i).Type.NumOut(); outs == 0 || seam.Method(i).Type.Out(outs-1) != failure {
			continue // it cannot fail
		}
		want := errors.New("the fault of " + name)
		lift := s.On(name, storefault.Fault{Fail: true, Err: want})
		method := value.MethodByName(name)
		var args []reflect.Value
		for n := range method.Type().NumIn() {
			if method.Type().IsVariadic() && n == method.Type().NumIn()-1 {
				break
			}
			if in := method.Type().In(n); in == reflect.TypeFor[context.Context]() {
				args = append(args, reflect.ValueOf(t.Context()))
			} else {
				args = append(args, reflect.Zero(in))
			}
		}
		out := method.Call(args)
		if got, _ := out[len(out)-1].Interface().(error); !errors.Is(got, want) {
			t.Errorf("%s under its fault returned %v", name, got)
		}
		if s.Calls(name) == 0 {
			t.Errorf("the call of %s was not counted", name)
		}
		lift()
	}
}

func TestFaultsOfACall(t *testing.T) {
	s := open(t)
	defer func() { _ = s.Close() }()
	lift := s.On("Ping", storefault.Fault{Fail: true, Skip: 1, Times: 2})
	var failed []bool
	for range 5 {
		failed = append(failed, errors.Is(s.Ping(t.Context()), store.ErrUnavailable))
	}
	if want := []bool{false, true, true, false, false}; !reflect.DeepEqual(failed, want) {
		t.Errorf("calls failed %v, want %v", failed, want)
	}
	lift()

	s.On("CreateKey", storefault.Fault{Lose: true})
	if err := s.CreateKey(t.Context(), gk.Key{ID: "key_1", Hash: []byte("hash")}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a commit whose answer was lost returned %v", err)
	}
	if _, err := s.KeyByHash(t.Context(), []byte("hash")); err != nil {
		t.Errorf("what was committed is not there: %v", err)
	}

	s.On(storefault.Every, storefault.Fault{Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that hangs returned %v when its context had ended", err)
	}
	done := make(chan error)
	go func() { done <- s.Ping(t.Context()) }()
	s.Heal()
	if err := <-done; err != nil {
		t.Errorf("a call that hung returned %v when its fault was lifted", err)
	}
}

func TestLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		defer func() { _ = s.Close() }()
		s.On("Keys", storefault.Fault{Late: 3 * time.Second})
		began := time.Now()
		if _, err := s.Keys(t.Context()); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("a late answer came after %v, %v; want 3 s", time.Since(began), err)
		}
	})
}

func TestUnknownMethodPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a fault at a method that does not exist was accepted")
		}
	}()
	storefault.Wrap(nil).On("Grnat", storefault.Fault{Fail: true})
}

func TestGateSeesEveryCallAndTheMomentAfterIt(t *testing.T) {
	s := open(t)
	defer func() { _ = s.Close() }()
	var seen []string
	s.Gate(func(_ context.Context, method string) storefault.Fault {
		seen = append(seen, method)
		if method != "CreateKey" {
			return storefault.Fault{}
		}
		return storefault.Fault{Lose: true, Then: func() { seen = append(seen, "done") }}
	})
	if err := s.CreateKey(t.Context(), gk.Key{ID: "key_1", Hash: []byte("hash")}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a lost commit returned %v", err)
	}
	if _, err := s.KeyByHash(t.Context(), []byte("hash")); err != nil {
		t.Errorf("what was committed is not there: %v", err)
	}
	if want := []string{"CreateKey", "done", "KeyByHash"}; !slices.Equal(seen, want) {
		t.Errorf("the gate saw %v, want %v", seen, want)
	}
}
