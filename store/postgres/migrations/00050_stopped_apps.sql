-- +goose Up

-- The apps that an administrator has stopped: none of their tokens is served.
CREATE TABLE stopped_apps (
	app_id TEXT COLLATE "C" PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
	actor  TEXT COLLATE "C"   NOT NULL,
	at     BIGINT NOT NULL
);
