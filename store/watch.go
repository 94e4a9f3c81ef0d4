package store

import "context"

type watchKey struct{}

// Watch returns a context under which every statement is told before it is run, for tests that look at their plans.
func Watch(ctx context.Context, tell func(statement string, args []any)) context.Context {
	return context.WithValue(ctx, watchKey{}, tell)
}

// Watching returns who is told of statements under a context; nil for nobody.
func Watching(ctx context.Context) func(statement string, args []any) {
	tell, _ := ctx.Value(watchKey{}).(func(statement string, args []any))
	return tell
}
