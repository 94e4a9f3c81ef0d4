package vault

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// ErrWrongMaster is returned when a key set does not open with the master key: the key is another one, or the wrapped
// bytes are damaged, which no cipher can tell apart.
var ErrWrongMaster = errors.New("vault: the key set does not open with this master key")

// wrapping is the associated data of a wrapped key set; no ciphertext of another purpose passes for one.
var wrapping = []byte("grantkeep key set")

// Create makes a key set with one fresh key and returns it wrapped by the master key, with the id of that key.
func Create(m Master) (wrapped []byte, primary int64, err error) {
	handle, err := keyset.NewHandle(aead.XAES256GCM192BitNonceKeyTemplate())
	if err != nil {
		return nil, 0, fmt.Errorf("vault: create: %w", err)
	}
	return wrap(m, handle)
}

// Add returns the key set with a fresh key, newKey, that opens but does not seal yet. It is the first step of a rotation:
// [Promote] must wait until every running process has taken the new set, or some could not open what others seal.
func Add(m Master, wrapped []byte) (newWrapped []byte, newKey int64, err error) {
	handle, err := unwrap(m, wrapped)
	if err != nil {
		return nil, 0, err
	}
	manager := keyset.NewManagerFromHandle(handle)
	id, err := manager.Add(aead.XAES256GCM192BitNonceKeyTemplate())
	if err != nil {
		return nil, 0, fmt.Errorf("vault: add a key: %w", err)
	}
	newWrapped, err = rewrap(m, manager)
	return newWrapped, int64(id), err
}

// Latest returns the key that was added last. Between [Add] and [Promote] it is not the one that seals.
func Latest(m Master, wrapped []byte) (key int64, err error) {
	handle, err := unwrap(m, wrapped)
	if err != nil {
		return 0, err
	}
	entry, err := handle.Entry(handle.Len() - 1)
	if err != nil {
		return 0, fmt.Errorf("vault: latest key: %w", err)
	}
	return int64(entry.KeyID()), nil
}

// Keys returns the ids of the keys in a key set, in the order in which they were added.
func Keys(m Master, wrapped []byte) ([]int64, error) {
	handle, err := unwrap(m, wrapped)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, 0, handle.Len())
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, fmt.Errorf("vault: key %d of the set: %w", i, err)
		}
		ids = append(ids, int64(entry.KeyID()))
	}
	return ids, nil
}

// Promote returns the key set with key as the one that seals; the others still open. It is the second step of a rotation.
func Promote(m Master, wrapped []byte, key int64) ([]byte, error) {
	handle, err := unwrap(m, wrapped)
	if err != nil {
		return nil, err
	}
	manager := keyset.NewManagerFromHandle(handle)
	if err := manager.SetPrimary(keyID(key)); err != nil {
		return nil, fmt.Errorf("vault: promote key %d: it is not in the key set", key)
	}
	return rewrap(m, manager)
}

// Retire returns the key set without key. What is still sealed under it can never be opened again, so the caller first
// makes sure that no row, spill file or kept backup needs it. The key that seals is refused.
func Retire(m Master, wrapped []byte, key int64) ([]byte, error) {
	handle, err := unwrap(m, wrapped)
	if err != nil {
		return nil, err
	}
	manager := keyset.NewManagerFromHandle(handle)
	if err := manager.Delete(keyID(key)); err != nil {
		return nil, fmt.Errorf("vault: retire key %d: it is not in the key set, or it is the one that seals", key)
	}
	return rewrap(m, manager)
}

// Rewrap returns the key set, unchanged, wrapped by another master key. Nothing needs to be sealed again.
func Rewrap(from, to Master, wrapped []byte) ([]byte, error) {
	handle, err := unwrap(from, wrapped)
	if err != nil {
		return nil, err
	}
	newWrapped, _, err := wrap(to, handle)
	return newWrapped, err
}

// keyID turns our number of a key into the library's. Numbers outside its range become 0, which no key has.
func keyID(key int64) uint32 {
	if key != int64(uint32(key)) {
		return 0
	}
	return uint32(key)
}

// wrap seals a key set with the master key and returns it with the id of its primary key.
func wrap(m Master, handle *keyset.Handle) ([]byte, int64, error) {
	cipher, err := m.aead()
	if err != nil {
		return nil, 0, err
	}
	var out bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&out), cipher, wrapping); err != nil {
		return nil, 0, fmt.Errorf("vault: wrap: %w", err)
	}
	primary, err := handle.Primary()
	if err != nil {
		return nil, 0, fmt.Errorf("vault: wrap: %w", err)
	}
	return out.Bytes(), int64(primary.KeyID()), nil
}

// rewrap wraps the key set of a manager.
func rewrap(m Master, manager *keyset.Manager) ([]byte, error) {
	handle, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("vault: wrap: %w", err)
	}
	wrapped, _, err := wrap(m, handle)
	return wrapped, err
}

// unwrap opens a wrapped key set. It drops the library's error, which says no more than that it did not open.
func unwrap(m Master, wrapped []byte) (*keyset.Handle, error) {
	cipher, err := m.aead()
	if err != nil {
		return nil, err
	}
	handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), cipher, wrapping)
	if err != nil {
		return nil, ErrWrongMaster
	}
	return handle, nil
}
