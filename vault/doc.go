// Package vault turns what must not be read into ciphertext that opens in one place only.
//
// A key set (Tink, XAES-256-GCM: random nonces without a practical limit of messages) seals everything; the key set
// itself is stored wrapped by the [Master], which never enters the database. Each ciphertext begins with the id of its
// key and is bound to the installation and to a [Place]: table, row, field and generation. Moved to any other place, it
// does not open.
//
// A rotation takes three steps, each of them a new wrapped key set that the caller stores before it takes the next:
// [Add] brings a key that every process can open with, [Promote] makes it the one that seals, and once no row is left under
// the old one, [Retire] removes that. A running process follows with [Vault.Replace]. [Rewrap] changes the master key.
//
// [Vault.Check] makes a value to be stored in clear sight; [Vault.VerifyCheck] tells at the start of a process that the
// master key, the key set and the installation belong together.
package vault
