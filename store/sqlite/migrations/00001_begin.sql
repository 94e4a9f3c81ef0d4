-- +goose Up

-- Facts about this installation.
CREATE TABLE meta (
	k TEXT PRIMARY KEY,
	v TEXT NOT NULL
);

-- Wrapped key sets; the newest row is the one in force.
CREATE TABLE keyring (
	id          BIGINT PRIMARY KEY,
	wrapped     BLOB   NOT NULL,
	primary_key BIGINT NOT NULL,
	created_at  BIGINT NOT NULL
);

CREATE TABLE apps (
	id             TEXT PRIMARY KEY,
	platform       TEXT   NOT NULL,
	created_at     BIGINT NOT NULL,
	environment    TEXT   NOT NULL,
	profile        TEXT   NOT NULL,
	stage          TEXT   NOT NULL,
	name           TEXT   NOT NULL,
	settings       TEXT   NOT NULL, -- JSON, nothing secret
	secrets        BLOB,            -- sealed
	secrets_key    BIGINT NOT NULL,
	endpoints      TEXT   NOT NULL,
	return_origins TEXT   NOT NULL,
	paused_until   BIGINT NOT NULL,
	fault          TEXT   NOT NULL,
	fault_grant    TEXT   NOT NULL,
	due_at         BIGINT NOT NULL,
	lease_until    BIGINT NOT NULL,
	cursors        TEXT   NOT NULL,
	version        BIGINT NOT NULL,
	updated_at     BIGINT NOT NULL
);

CREATE TABLE authorizations (
	id           TEXT PRIMARY KEY,
	app_id       TEXT   NOT NULL REFERENCES apps (id),
	created_at   BIGINT NOT NULL,
	kind         TEXT   NOT NULL,
	link_hash    BLOB   NOT NULL, -- SHA-256; the link itself is never stored
	owner        TEXT   NOT NULL,
	shop         TEXT   NOT NULL,
	grant_id     TEXT   NOT NULL,
	return_to    TEXT   NOT NULL,
	form         TEXT   NOT NULL,
	scopes       TEXT   NOT NULL,
	confirm      BIGINT NOT NULL,
	confirm_hash BLOB,
	stage        TEXT   NOT NULL,
	reason       TEXT   NOT NULL,
	fault        TEXT   NOT NULL,
	grants       TEXT   NOT NULL,
	expires_at   BIGINT NOT NULL,
	updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX authorizations_link ON authorizations (link_hash);
CREATE INDEX authorizations_app ON authorizations (app_id, id);
CREATE INDEX authorizations_age ON authorizations (expires_at);

-- One per press of a connect page's button, or per entry from the platform's side, which has no state and no browser.
CREATE TABLE clicks (
	id               TEXT PRIMARY KEY,
	authorization_id TEXT   NOT NULL REFERENCES authorizations (id) ON DELETE CASCADE,
	app_id           TEXT   NOT NULL,
	created_at       BIGINT NOT NULL,
	state_hash       BLOB,
	browser_hash     BLOB,
	stage            TEXT   NOT NULL,
	hint             TEXT   NOT NULL,
	held             BIGINT NOT NULL,
	answer           BLOB, -- sealed
	answer_key       BIGINT NOT NULL,
	reason           TEXT   NOT NULL,
	fault            TEXT   NOT NULL,
	expires_at       BIGINT NOT NULL,
	spent_at         BIGINT NOT NULL,
	updated_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX clicks_state ON clicks (state_hash) WHERE state_hash IS NOT NULL;
CREATE INDEX clicks_authorization ON clicks (authorization_id);
CREATE INDEX clicks_open ON clicks (updated_at) WHERE stage IN ('exchanging', 'issued');
CREATE INDEX clicks_age ON clicks (updated_at);

CREATE TABLE grants (
	id           TEXT PRIMARY KEY,
	app_id       TEXT   NOT NULL REFERENCES apps (id),
	created_at   BIGINT NOT NULL,
	subject_kind TEXT   NOT NULL,
	subject_id   TEXT   NOT NULL,
	parent_id    TEXT   NOT NULL,
	host         TEXT   NOT NULL,
	region       TEXT   NOT NULL,
	name         TEXT   NOT NULL,
	owner        TEXT   NOT NULL,
	state        TEXT   NOT NULL,
	renewable    BIGINT NOT NULL,
	fault        TEXT   NOT NULL,
	access       BLOB, -- sealed, as is refresh; bound to generation
	refresh      BLOB,
	key_id       BIGINT NOT NULL,
	generation   BIGINT NOT NULL,
	version      BIGINT NOT NULL,
	expires_at               BIGINT NOT NULL,
	refresh_token_expires_at BIGINT NOT NULL,
	authorization_expires_at BIGINT NOT NULL,
	windows       TEXT   NOT NULL,
	scopes        TEXT   NOT NULL,
	facts         TEXT   NOT NULL,
	authorized_at BIGINT NOT NULL,
	pair_from     TEXT   NOT NULL,
	pair_spent    BIGINT NOT NULL,
	pair_asked_at BIGINT NOT NULL,
	due_at        BIGINT, -- NULL: nothing will ever be due
	retry_at      BIGINT NOT NULL,
	failures      BIGINT NOT NULL,
	warned        BIGINT NOT NULL,
	attempt_id    TEXT   NOT NULL,
	attempt_by    TEXT   NOT NULL,
	attempt_at    BIGINT NOT NULL,
	attempt_until BIGINT NOT NULL,
	doubts        BIGINT NOT NULL,
	doubt_since   BIGINT NOT NULL,
	quota_day     BIGINT NOT NULL,
	quota_used    BIGINT NOT NULL,
	asked_at      BIGINT NOT NULL,
	updated_at    BIGINT NOT NULL,
	-- Nothing renewable is ever forgotten.
	CHECK (due_at IS NOT NULL OR renewable = 0 OR state IN ('expired', 'revoked')),
	-- Revoking erases the tokens.
	CHECK (state <> 'revoked' OR (access IS NULL AND refresh IS NULL))
);
CREATE UNIQUE INDEX grants_subject ON grants (app_id, subject_kind, subject_id);
CREATE INDEX grants_due ON grants (app_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX grants_owner ON grants (owner, id) WHERE owner <> '';
CREATE INDEX grants_key ON grants (key_id);
CREATE INDEX grants_parent ON grants (app_id, parent_id) WHERE parent_id <> '';

-- What a grant reaches.
CREATE TABLE shops (
	grant_id TEXT   NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
	shop_id  TEXT   NOT NULL,
	app_id   TEXT   NOT NULL,
	name     TEXT   NOT NULL,
	host     TEXT   NOT NULL,
	region   TEXT   NOT NULL,
	facts    TEXT   NOT NULL,
	lost_at  BIGINT NOT NULL,
	PRIMARY KEY (grant_id, shop_id)
);
CREATE INDEX shops_by_id ON shops (app_id, shop_id);

-- History, audit and outbox in one.
CREATE TABLE events (
	id               TEXT PRIMARY KEY,
	position         BIGINT, -- NULL until published
	kind             TEXT   NOT NULL,
	actor            TEXT   NOT NULL,
	app_id           TEXT   NOT NULL,
	grant_id         TEXT   NOT NULL,
	authorization_id TEXT   NOT NULL,
	owner            TEXT   NOT NULL,
	grant_version    BIGINT NOT NULL,
	data             TEXT   NOT NULL,
	at               BIGINT NOT NULL
);
CREATE UNIQUE INDEX events_position ON events (position) WHERE position IS NOT NULL;
CREATE INDEX events_fresh ON events (id) WHERE position IS NULL;
CREATE INDEX events_grant ON events (grant_id, id) WHERE grant_id <> '';
CREATE INDEX events_age ON events (at);

CREATE TABLE counters (
	name TEXT PRIMARY KEY,
	n    BIGINT NOT NULL
);
INSERT INTO counters (name, n) VALUES ('event', 0);

-- What platforms sent, to know it again.
CREATE TABLE pushes (
	app_id      TEXT   NOT NULL,
	dedup       TEXT   NOT NULL,
	kind        TEXT   NOT NULL,
	received_at BIGINT NOT NULL,
	PRIMARY KEY (app_id, dedup)
);
CREATE INDEX pushes_age ON pushes (received_at);

CREATE TABLE keys (
	id         TEXT PRIMARY KEY,
	hash       BLOB   NOT NULL UNIQUE, -- SHA-256; the key itself is never stored
	name       TEXT   NOT NULL,
	scopes     TEXT   NOT NULL,
	owners     TEXT   NOT NULL,
	apps       TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL
);
