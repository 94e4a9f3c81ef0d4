-- +goose Up

-- Processes that made themselves known: one row for each identity, which is kept under the process's data directory.
CREATE TABLE instances (
	id          TEXT PRIMARY KEY,
	incarnation BIGINT NOT NULL, -- rises at each start
	version     TEXT   NOT NULL, -- of the program
	session     BIGINT NOT NULL, -- 1: the process proves by a lock of its own that it lives
	seen_at     BIGINT NOT NULL  -- by the database's clock
);

-- Attempts under way, by who makes them.
CREATE INDEX grants_attempt ON grants (attempt_by) WHERE attempt_id <> '';
