package shell

import (
	"errors"
	"net"
	"net/url"
)

// Bare strips the operation and address that net puts around an error.
func Bare(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

func Host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
