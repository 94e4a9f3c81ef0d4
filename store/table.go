package store

// Table is one of the tables that both engines have, for whoever copies a whole database.
type Table struct {
	Name    string
	Columns []string
	Key     []int // places of the primary key's columns among Columns, in its order
}

// Names in an installation's meta table that keep a database from being served.
const (
	MetaMoved  = "moved"  // everything is in another database, which the value names
	MetaMoving = "moving" // something is being copied into this one, from the installation that the value names
)
