-- +goose Up

-- SQLite can have a table that is nothing but its key.
SELECT 1;

-- The terms are stored once, in the order of their key.
CREATE TABLE terms (
	term     TEXT NOT NULL,
	grant_id TEXT NOT NULL,
	PRIMARY KEY (term, grant_id)
) WITHOUT ROWID;
INSERT INTO terms (term, grant_id) SELECT term, grant_id FROM grant_terms ORDER BY term, grant_id;
DROP TABLE grant_terms;
ALTER TABLE terms RENAME TO grant_terms;
