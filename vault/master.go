package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/xaesgcm"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"

	gk "github.com/grantkeep/grantkeep"
)

const (
	// masterSize is the length of a master key in bytes.
	masterSize = 32
	// maxMasterFile bounds what is read of a key file; a sound one has 44 characters and a line end.
	maxMasterFile = 256
	// redacted is what a Master prints as, everywhere.
	redacted = "REDACTED"
)

// errNoMaster is returned for the zero Master.
var errNoMaster = errors.New("vault: no master key is given")

// Master is the key that wraps the key set: 32 random bytes, given to the process from outside its database. It prints,
// logs and encodes as a mark. The bytes are kept as a [gk.Secret], which fmt cannot look into even where a Master stands in
// an unexported field and its methods are ignored. The zero Master opens nothing.
type Master struct{ key gk.Secret }

// NewMaster makes a master key from the system's source of randomness.
func NewMaster() Master {
	key := make([]byte, masterSize)
	_, _ = rand.Read(key) // crypto/rand.Read ends the process rather than return an error.
	return Master{key: gk.NewSecret(string(key))}
}

// ReadMaster reads a master key from a file: one line, standard base64 of 32 bytes. It refuses a symbolic link, anything
// but a regular file, and a file that group or others may read, write or execute, since a key that others have seen
// protects nothing.
func ReadMaster(path string) (Master, error) { return readMaster(path, 0o077) }

// ReadCredential is ReadMaster for a file in a folder that nobody but its owner can enter, as systemd makes it for a
// service: there it may show the group a right to read, which is how a right for one user looks.
func ReadCredential(path string) (Master, error) { return readMaster(path, 0o037) }

func readMaster(path string, foreign os.FileMode) (Master, error) {
	// O_NONBLOCK keeps the open of a named pipe from waiting for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return Master{}, fmt.Errorf("master key file %s is a symbolic link; name the file itself", path)
	}
	if err != nil {
		return Master{}, fmt.Errorf("master key file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from

	info, err := f.Stat()
	if err != nil {
		return Master{}, fmt.Errorf("master key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Master{}, fmt.Errorf("master key file %s is not a regular file; name a file that holds the key", path)
	}
	if mode := info.Mode().Perm(); mode&foreign != 0 {
		return Master{}, fmt.Errorf("master key file %s has mode %04o, so that others than its owner can use it; run: chmod 600 %s", path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxMasterFile))
	if err != nil {
		return Master{}, fmt.Errorf("master key file: %w", err)
	}
	return ParseMaster("master key file "+path, text)
}

// ParseMaster reads the text of a master key, which came from where the error says.
func ParseMaster(from string, text []byte) (Master, error) {
	m, err := parseMaster(text)
	if err != nil {
		return Master{}, fmt.Errorf("%s %w; it must be one line, standard base64 of %d random bytes (openssl rand -base64 %[3]d)", from, err, masterSize)
	}
	return m, nil
}

// parseMaster reads the text of a key file. Its errors follow the name of the file in a sentence and never quote the text.
func parseMaster(text []byte) (Master, error) {
	line := bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(line) == 0 {
		return Master{}, errors.New("is empty")
	}
	if bytes.ContainsAny(line, "\r\n") { // The decoder would skip line ends.
		return Master{}, errors.New("has more than one line")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(string(line))
	if err != nil {
		return Master{}, errors.New("is not standard base64")
	}
	if len(raw) != masterSize {
		return Master{}, fmt.Errorf("holds %d bytes", len(raw))
	}
	return Master{key: gk.NewSecret(string(raw))}, nil
}

// WriteMaster writes m to a file that must not exist yet, with mode 0600, and returns once the file and its name are on
// disk: what is sealed afterwards is lost without it.
func WriteMaster(path string, m Master) error {
	if m.key.Empty() {
		return errNoMaster
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("master key file: %w", err)
	}
	if err := writeAndSync(f, base64.StdEncoding.EncodeToString([]byte(m.key.Reveal()))+"\n"); err != nil {
		// A torn key file would stop the next start; the write's error is the one worth telling.
		_ = os.Remove(path)
		return fmt.Errorf("master key file: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// writeAndSync writes text to f, forces it to disk and closes f.
func writeAndSync(f *os.File, text string) error {
	_, err := f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncFolder forces the entries of a folder to disk.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("master key file: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("master key file: %w", err)
	}
	return nil
}

// aead returns the cipher that wraps and unwraps key sets.
func (m Master) aead() (tink.AEAD, error) {
	if m.key.Empty() {
		return nil, errNoMaster
	}
	parameters, err := xaesgcm.NewParameters(xaesgcm.VariantNoPrefix, 12)
	if err != nil {
		return nil, err
	}
	raw := secretdata.NewBytesFromData([]byte(m.key.Reveal()), insecuresecretdataaccess.Token{})
	key, err := xaesgcm.NewKey(raw, 0, parameters)
	if err != nil {
		return nil, err
	}
	manager := keyset.NewManager()
	id, err := manager.AddKey(key)
	if err != nil {
		return nil, err
	}
	if err := manager.SetPrimary(id); err != nil {
		return nil, err
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, err
	}
	return aead.New(handle)
}

// String returns a mark, never the key.
func (m Master) String() string { return redacted }

// GoString returns a mark, never the key.
func (m Master) GoString() string { return redacted }

// Format writes a mark for every verb.
func (m Master) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns a mark; a Master does not travel in JSON, XML or a map key.
func (m Master) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns a mark.
func (m Master) LogValue() slog.Value { return slog.StringValue(redacted) }
