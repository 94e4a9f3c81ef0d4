-- +goose Up

-- Where news goes: webhooks of programs, and alarms for people. What of it is secret, its address among that, is sealed.
CREATE TABLE outlets (
	id            TEXT PRIMARY KEY,
	form          TEXT   NOT NULL, -- webhook or alarm
	made_by       TEXT   NOT NULL,
	created_at    BIGINT NOT NULL,
	updated_at    BIGINT NOT NULL,
	enabled       BIGINT NOT NULL,
	reason        TEXT   NOT NULL, -- why it is not
	rule          TEXT   NOT NULL,
	sealed        BLOB,
	failing_since BIGINT NOT NULL,
	told_at       BIGINT NOT NULL, -- when its failing was told
	busy_until    BIGINT NOT NULL, -- of an alarm: somebody composes its messages
	state         TEXT   NOT NULL  -- of an alarm: when it last told what
);

-- One for each outlet and event. due_at is NULL once nothing is to be done.
CREATE TABLE deliveries (
	outlet_id   TEXT   NOT NULL REFERENCES outlets (id) ON DELETE CASCADE,
	event_id    TEXT   NOT NULL,
	position    BIGINT NOT NULL,
	kind        TEXT   NOT NULL,
	about       TEXT   NOT NULL, -- the grant, else the app
	state       TEXT   NOT NULL,
	attempts    BIGINT NOT NULL,
	due_at      BIGINT,
	last_at     BIGINT NOT NULL,
	last_status BIGINT NOT NULL,
	last_ms     BIGINT NOT NULL,
	last_error  TEXT   NOT NULL, -- a class, never a text
	created_at  BIGINT NOT NULL,
	PRIMARY KEY (outlet_id, event_id)
);
CREATE INDEX deliveries_due ON deliveries (outlet_id, due_at, position) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_listed ON deliveries (outlet_id, position);
CREATE INDEX deliveries_about ON deliveries (outlet_id, about, position);
CREATE INDEX deliveries_age ON deliveries (created_at) WHERE due_at IS NULL;

-- How far the events have been handed to the outlets.
INSERT INTO counters (name, n) VALUES ('outlets', 0);
