-- +goose Up

-- Facts about this installation.
CREATE TABLE meta (
	k TEXT COLLATE "C" PRIMARY KEY,
	v TEXT COLLATE "C" NOT NULL
);

-- Wrapped key sets; the newest row is the one in force.
CREATE TABLE keyring (
	id          BIGINT PRIMARY KEY,
	wrapped     BYTEA   NOT NULL,
	primary_key BIGINT NOT NULL,
	created_at  BIGINT NOT NULL
);

CREATE TABLE apps (
	id             TEXT COLLATE "C" PRIMARY KEY,
	platform       TEXT COLLATE "C"   NOT NULL,
	created_at     BIGINT NOT NULL,
	environment    TEXT COLLATE "C"   NOT NULL,
	profile        TEXT COLLATE "C"   NOT NULL,
	stage          TEXT COLLATE "C"   NOT NULL,
	name           TEXT COLLATE "C"   NOT NULL,
	settings       TEXT COLLATE "C"   NOT NULL, -- JSON, nothing secret
	secrets        BYTEA,            -- sealed
	secrets_key    BIGINT NOT NULL,
	endpoints      TEXT COLLATE "C"   NOT NULL,
	return_origins TEXT COLLATE "C"   NOT NULL,
	paused_until   BIGINT NOT NULL,
	fault          TEXT COLLATE "C"   NOT NULL,
	fault_grant    TEXT COLLATE "C"   NOT NULL,
	due_at         BIGINT NOT NULL,
	lease_until    BIGINT NOT NULL,
	cursors        TEXT COLLATE "C"   NOT NULL,
	version        BIGINT NOT NULL,
	updated_at     BIGINT NOT NULL
);

CREATE TABLE authorizations (
	id           TEXT COLLATE "C" PRIMARY KEY,
	app_id       TEXT COLLATE "C"   NOT NULL REFERENCES apps (id),
	created_at   BIGINT NOT NULL,
	kind         TEXT COLLATE "C"   NOT NULL,
	link_hash    BYTEA   NOT NULL, -- SHA-256; the link itself is never stored
	owner        TEXT COLLATE "C"   NOT NULL,
	shop         TEXT COLLATE "C"   NOT NULL,
	grant_id     TEXT COLLATE "C"   NOT NULL,
	return_to    TEXT COLLATE "C"   NOT NULL,
	form         TEXT COLLATE "C"   NOT NULL,
	scopes       TEXT COLLATE "C"   NOT NULL,
	confirm      BIGINT NOT NULL,
	confirm_hash BYTEA,
	stage        TEXT COLLATE "C"   NOT NULL,
	reason       TEXT COLLATE "C"   NOT NULL,
	fault        TEXT COLLATE "C"   NOT NULL,
	grants       TEXT COLLATE "C"   NOT NULL,
	expires_at   BIGINT NOT NULL,
	updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX authorizations_link ON authorizations (link_hash);
CREATE INDEX authorizations_app ON authorizations (app_id, id);
CREATE INDEX authorizations_age ON authorizations (expires_at);

-- One per press of a connect page's button, or per entry from the platform's side, which has no state and no browser.
CREATE TABLE clicks (
	id               TEXT COLLATE "C" PRIMARY KEY,
	authorization_id TEXT COLLATE "C"   NOT NULL REFERENCES authorizations (id) ON DELETE CASCADE,
	app_id           TEXT COLLATE "C"   NOT NULL,
	created_at       BIGINT NOT NULL,
	state_hash       BYTEA,
	browser_hash     BYTEA,
	stage            TEXT COLLATE "C"   NOT NULL,
	hint             TEXT COLLATE "C"   NOT NULL,
	held             BIGINT NOT NULL,
	answer           BYTEA, -- sealed
	answer_key       BIGINT NOT NULL,
	reason           TEXT COLLATE "C"   NOT NULL,
	fault            TEXT COLLATE "C"   NOT NULL,
	expires_at       BIGINT NOT NULL,
	spent_at         BIGINT NOT NULL,
	updated_at       BIGINT NOT NULL
);
CREATE UNIQUE INDEX clicks_state ON clicks (state_hash) WHERE state_hash IS NOT NULL;
CREATE INDEX clicks_authorization ON clicks (authorization_id);
CREATE INDEX clicks_open ON clicks (updated_at) WHERE stage IN ('exchanging', 'issued');
CREATE INDEX clicks_age ON clicks (updated_at);

CREATE TABLE grants (
	id           TEXT COLLATE "C" PRIMARY KEY,
	app_id       TEXT COLLATE "C"   NOT NULL REFERENCES apps (id),
	created_at   BIGINT NOT NULL,
	subject_kind TEXT COLLATE "C"   NOT NULL,
	subject_id   TEXT COLLATE "C"   NOT NULL,
	parent_id    TEXT COLLATE "C"   NOT NULL,
	host         TEXT COLLATE "C"   NOT NULL,
	region       TEXT COLLATE "C"   NOT NULL,
	name         TEXT COLLATE "C"   NOT NULL,
	owner        TEXT COLLATE "C"   NOT NULL,
	state        TEXT COLLATE "C"   NOT NULL,
	renewable    BIGINT NOT NULL,
	fault        TEXT COLLATE "C"   NOT NULL,
	access       BYTEA, -- sealed, as is refresh; bound to generation
	refresh      BYTEA,
	key_id       BIGINT NOT NULL,
	generation   BIGINT NOT NULL,
	version      BIGINT NOT NULL,
	expires_at               BIGINT NOT NULL,
	refresh_token_expires_at BIGINT NOT NULL,
	authorization_expires_at BIGINT NOT NULL,
	windows       TEXT COLLATE "C"   NOT NULL,
	scopes        TEXT COLLATE "C"   NOT NULL,
	facts         TEXT COLLATE "C"   NOT NULL,
	authorized_at BIGINT NOT NULL,
	pair_from     TEXT COLLATE "C"   NOT NULL,
	pair_spent    BIGINT NOT NULL,
	pair_asked_at BIGINT NOT NULL,
	due_at        BIGINT, -- NULL: nothing will ever be due
	retry_at      BIGINT NOT NULL,
	failures      BIGINT NOT NULL,
	warned        BIGINT NOT NULL,
	attempt_id    TEXT COLLATE "C"   NOT NULL,
	attempt_by    TEXT COLLATE "C"   NOT NULL,
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
	grant_id TEXT COLLATE "C"   NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
	shop_id  TEXT COLLATE "C"   NOT NULL,
	app_id   TEXT COLLATE "C"   NOT NULL,
	name     TEXT COLLATE "C"   NOT NULL,
	host     TEXT COLLATE "C"   NOT NULL,
	region   TEXT COLLATE "C"   NOT NULL,
	facts    TEXT COLLATE "C"   NOT NULL,
	lost_at  BIGINT NOT NULL,
	PRIMARY KEY (grant_id, shop_id)
);
CREATE INDEX shops_by_id ON shops (app_id, shop_id);

-- History, audit and outbox in one.
CREATE TABLE events (
	id               TEXT COLLATE "C" PRIMARY KEY,
	position         BIGINT, -- NULL until published
	kind             TEXT COLLATE "C"   NOT NULL,
	actor            TEXT COLLATE "C"   NOT NULL,
	app_id           TEXT COLLATE "C"   NOT NULL,
	grant_id         TEXT COLLATE "C"   NOT NULL,
	authorization_id TEXT COLLATE "C"   NOT NULL,
	owner            TEXT COLLATE "C"   NOT NULL,
	grant_version    BIGINT NOT NULL,
	data             TEXT COLLATE "C"   NOT NULL,
	at               BIGINT NOT NULL
);
CREATE UNIQUE INDEX events_position ON events (position) WHERE position IS NOT NULL;
CREATE INDEX events_fresh ON events (id) WHERE position IS NULL;
CREATE INDEX events_grant ON events (grant_id, id) WHERE grant_id <> '';
CREATE INDEX events_age ON events (at);

CREATE TABLE counters (
	name TEXT COLLATE "C" PRIMARY KEY,
	n    BIGINT NOT NULL
);
INSERT INTO counters (name, n) VALUES ('event', 0);

-- What platforms sent, to know it again.
CREATE TABLE pushes (
	app_id      TEXT COLLATE "C"   NOT NULL,
	dedup       TEXT COLLATE "C"   NOT NULL,
	kind        TEXT COLLATE "C"   NOT NULL,
	received_at BIGINT NOT NULL,
	PRIMARY KEY (app_id, dedup)
);
CREATE INDEX pushes_age ON pushes (received_at);

CREATE TABLE keys (
	id         TEXT COLLATE "C" PRIMARY KEY,
	hash       BYTEA   NOT NULL UNIQUE, -- SHA-256; the key itself is never stored
	name       TEXT COLLATE "C"   NOT NULL,
	scopes     TEXT COLLATE "C"   NOT NULL,
	owners     TEXT COLLATE "C"   NOT NULL,
	apps       TEXT COLLATE "C"   NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL
);

-- Grants are written far more often than made: leave room for versions of a row in its page, and clean up early.
ALTER TABLE grants SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
