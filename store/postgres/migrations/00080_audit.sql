-- +goose Up

-- Who did what: only ever added to, and kept for 400 days. Positions are given under the lock of the counter, so that
-- whoever reads on from one skips none.
CREATE TABLE audit (
	position BIGINT PRIMARY KEY,
	at       BIGINT NOT NULL,
	until    BIGINT NOT NULL,
	actor    TEXT COLLATE "C" NOT NULL,
	action   TEXT COLLATE "C" NOT NULL,
	app_id   TEXT COLLATE "C" NOT NULL,
	grant_id TEXT COLLATE "C" NOT NULL,
	object   TEXT COLLATE "C" NOT NULL,
	address  TEXT COLLATE "C" NOT NULL,
	n        BIGINT NOT NULL,
	status   BIGINT NOT NULL
);
CREATE INDEX audit_actor ON audit (actor, position);
CREATE INDEX audit_action ON audit (action, position);
CREATE INDEX audit_grant ON audit (grant_id, position) WHERE grant_id <> '';
CREATE INDEX audit_at ON audit (at);
INSERT INTO counters (name, n) VALUES ('audit', 0);

-- How often a key was used on a day, and from which networks ever.
CREATE TABLE key_uses (
	key_id TEXT COLLATE "C" NOT NULL,
	day    BIGINT NOT NULL,
	n      BIGINT NOT NULL,
	PRIMARY KEY (key_id, day)
);
CREATE INDEX key_uses_day ON key_uses (day);
CREATE TABLE key_networks (
	key_id   TEXT COLLATE "C" NOT NULL,
	network  TEXT COLLATE "C" NOT NULL,
	first_at BIGINT NOT NULL,
	PRIMARY KEY (key_id, network)
);
