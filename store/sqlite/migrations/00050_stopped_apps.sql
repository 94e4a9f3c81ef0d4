-- +goose Up

-- The apps that an administrator has stopped: none of their tokens is served.
CREATE TABLE stopped_apps (
	app_id TEXT PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
	actor  TEXT   NOT NULL,
	at     BIGINT NOT NULL
);
