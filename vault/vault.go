package vault

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/core/cryptofmt"
	"github.com/tink-crypto/tink-go/v2/tink"

	gk "github.com/grantkeep/grantkeep"
)

// ErrSealed is returned for a ciphertext that does not open: damaged, moved from another place, or sealed under a key
// that the key set does not have. It means damage or an attack and calls for an alarm; it never means "no token".
var ErrSealed = errors.New("vault: ciphertext does not open")

// Place is where a ciphertext belongs. Generation is that of the row's token pair; it is 0 where there is none.
type Place struct {
	Table, Row, Field string
	Generation        int64
}

// checkPlace is where the check value belongs; no table has this name.
var checkPlace = Place{Table: "meta", Row: "keyring_check", Field: "v"}

// checkText is what the check value holds.
const checkText = "grantkeep"

// Vault seals and opens on behalf of one installation. It is safe for concurrent use.
type Vault struct {
	installation string
	keys         atomic.Pointer[keys]
}

// keys is a key set ready for use.
type keys struct {
	cipher  tink.AEAD
	primary int64
}

// Open returns a Vault that uses a wrapped key set. It returns ErrWrongMaster if the set does not open with the master key.
// installation is the id of this installation; a ciphertext of another one does not open, even under the same keys.
func Open(m Master, wrapped []byte, installation string) (*Vault, error) {
	if installation == "" {
		return nil, errors.New("vault: the id of the installation is missing")
	}
	v := &Vault{installation: installation}
	if err := v.Replace(m, wrapped); err != nil {
		return nil, err
	}
	return v, nil
}

// Replace makes v use a newer key set, at once and for all callers; on an error v stays as it is. Calls that have begun
// end with the older set.
func (v *Vault) Replace(m Master, wrapped []byte) error {
	handle, err := unwrap(m, wrapped)
	if err != nil {
		return err
	}
	cipher, err := aead.New(handle)
	if err != nil {
		return fmt.Errorf("vault: open: %w", err)
	}
	primary, err := handle.Primary()
	if err != nil {
		return fmt.Errorf("vault: open: %w", err)
	}
	v.keys.Store(&keys{cipher: cipher, primary: int64(primary.KeyID())})
	return nil
}

// KeyID returns the id of the key that seals at this moment. The key of a certain ciphertext is told by [KeyOf], which a
// Replace in between cannot make wrong.
func (v *Vault) KeyID() int64 { return v.keys.Load().primary }

// KeyOf returns the id of the key that sealed s, 0 for what is too short to be a ciphertext of a vault.
func KeyOf(s gk.Sealed) int64 {
	if len(s) < cryptofmt.TinkPrefixSize || s[0] != cryptofmt.TinkStartByte {
		return 0
	}
	return int64(binary.BigEndian.Uint32(s[1:cryptofmt.TinkPrefixSize]))
}

// Beginning is how every ciphertext of a key begins.
func Beginning(key int64) []byte {
	return binary.BigEndian.AppendUint32([]byte{cryptofmt.TinkStartByte}, keyID(key))
}

// SealAgain seals by the key of this moment what another has sealed for the same place.
func (v *Vault) SealAgain(p Place, sealed gk.Sealed) (gk.Sealed, error) {
	plain, err := v.Open(p, sealed)
	if err != nil {
		return nil, err
	}
	return v.Seal(p, plain)
}

// Seal encrypts plain for its place. The same text sealed twice gives two ciphertexts.
func (v *Vault) Seal(p Place, plain []byte) (gk.Sealed, error) {
	sealed, err := v.keys.Load().cipher.Encrypt(plain, v.bind(p))
	if err != nil {
		return nil, fmt.Errorf("vault: seal %s: %w", p, err)
	}
	return sealed, nil
}

// Open decrypts what Seal made for the same place. Whatever goes wrong, the error is ErrSealed and names the place.
func (v *Vault) Open(p Place, sealed gk.Sealed) ([]byte, error) {
	plain, err := v.keys.Load().cipher.Decrypt(sealed, v.bind(p))
	if err != nil {
		return nil, fmt.Errorf("%w: %s, sealed under key %d", ErrSealed, p, KeyOf(sealed))
	}
	return plain, nil
}

// SealSecret is Seal for a secret. An empty secret has a ciphertext too, so that a lost one cannot pass for it.
func (v *Vault) SealSecret(p Place, secret gk.Secret) (gk.Sealed, error) {
	return v.Seal(p, []byte(secret.Reveal()))
}

// OpenSecret is Open for a secret.
func (v *Vault) OpenSecret(p Place, sealed gk.Sealed) (gk.Secret, error) {
	plain, err := v.Open(p, sealed)
	if err != nil {
		return gk.Secret{}, err
	}
	return gk.NewSecret(string(plain)), nil
}

// Check returns a value for the database's meta table: sealed, in base64, without a secret in it.
func (v *Vault) Check() string {
	sealed, err := v.Seal(checkPlace, []byte(checkText))
	if err != nil {
		// The cipher refuses only texts of many gigabytes.
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(sealed)
}

// VerifyCheck opens a value that Check made. It returns ErrSealed if that was made with other keys or for another
// installation: then nothing in this database opens, and the process must not go on.
func (v *Vault) VerifyCheck(check string) error {
	sealed, err := base64.StdEncoding.DecodeString(check)
	if err != nil {
		return fmt.Errorf("%w: the check value is not base64", ErrSealed)
	}
	_, err = v.Open(checkPlace, sealed)
	return err
}

// String names the place for an error: no part of it is secret.
func (p Place) String() string {
	return fmt.Sprintf("%s %s %s, generation %d", p.Table, p.Row, p.Field, p.Generation)
}

// bind returns the associated data of a place: each part after its length, so that no two places have the same.
func (v *Vault) bind(p Place) []byte {
	parts := [...]string{v.installation, p.Table, p.Row, p.Field}
	size := 8
	for _, part := range parts {
		size += 4 + len(part)
	}
	data := make([]byte, 0, size)
	for _, part := range parts {
		data = binary.BigEndian.AppendUint32(data, uint32(len(part)))
		data = append(data, part...)
	}
	return binary.BigEndian.AppendUint64(data, uint64(p.Generation))
}
