-- +goose Up

-- Where news goes: webhooks of programs, and alarms for people. What of it is secret, its address among that, is sealed.
CREATE TABLE outlets (
	id            TEXT COLLATE "C" PRIMARY KEY,
	form          TEXT COLLATE "C"   NOT NULL, -- webhook or alarm
	made_by       TEXT COLLATE "C"   NOT NULL,
	created_at    BIGINT NOT NULL,
	updated_at    BIGINT NOT NULL,
	enabled       BIGINT NOT NULL,
	reason        TEXT COLLATE "C"   NOT NULL, -- why it is not
	rule          TEXT COLLATE "C"   NOT NULL,
	sealed        BYTEA,
	failing_since BIGINT NOT NULL,
	told_at       BIGINT NOT NULL, -- when its failing was told
	busy_until    BIGINT NOT NULL, -- of an alarm: somebody composes its messages
	state         TEXT COLLATE "C"   NOT NULL  -- of an alarm: when it last told what
);

-- One for each outlet and event. due_at is NULL once nothing is to be done.
CREATE TABLE deliveries (
	outlet_id   TEXT COLLATE "C"   NOT NULL REFERENCES outlets (id) ON DELETE CASCADE,
	event_id    TEXT COLLATE "C"   NOT NULL,
	position    BIGINT NOT NULL,
	kind        TEXT COLLATE "C"   NOT NULL,
	about       TEXT COLLATE "C"   NOT NULL, -- the grant, else the app
	state       TEXT COLLATE "C"   NOT NULL,
	attempts    BIGINT NOT NULL,
	due_at      BIGINT,
	last_at     BIGINT NOT NULL,
	last_status BIGINT NOT NULL,
	last_ms     BIGINT NOT NULL,
	last_error  TEXT COLLATE "C"   NOT NULL, -- a class, never a text
	created_at  BIGINT NOT NULL,
	PRIMARY KEY (outlet_id, event_id)
);
CREATE INDEX deliveries_due ON deliveries (outlet_id, due_at, position) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_listed ON deliveries (outlet_id, position);
CREATE INDEX deliveries_about ON deliveries (outlet_id, about, position);
CREATE INDEX deliveries_age ON deliveries (created_at) WHERE due_at IS NULL;

-- How far the events have been handed to the outlets.
INSERT INTO counters (name, n) VALUES ('outlets', 0);
