-- +goose Up

-- What grants are found by: folded beginnings of ids, hosts and owners, and every run of characters of a name.
CREATE TABLE grant_terms (
	term     TEXT NOT NULL, -- its kind, and folded text, cut
	grant_id TEXT NOT NULL,
	PRIMARY KEY (term, grant_id)
);

-- All that the terms were made of; empty for grants that an older version stored.
ALTER TABLE grants ADD COLUMN folded TEXT NOT NULL DEFAULT '';
CREATE INDEX grants_unfolded ON grants (id) WHERE folded = '';

-- Lists by what few grants have.
CREATE INDEX grants_state ON grants (state, id) WHERE state <> 'active';
CREATE INDEX grants_end ON grants (expires_at) WHERE renewable = 0 AND expires_at > 0;
CREATE INDEX grants_ceiling ON grants (authorization_expires_at) WHERE authorization_expires_at > 0;
DROP INDEX grants_key;
CREATE INDEX grants_sealed ON grants (key_id) WHERE access IS NOT NULL OR refresh IS NOT NULL;
CREATE INDEX authorizations_owner ON authorizations (owner, id) WHERE owner <> '';
