-- +goose Up

-- What a request with an Idempotency-Key was answered, for a day.
CREATE TABLE replies (
	key_id  TEXT   NOT NULL,
	id      BLOB   NOT NULL, -- SHA-256 of the route and the Idempotency-Key
	request BLOB   NOT NULL, -- SHA-256 of the request
	answer  BLOB,            -- sealed; NULL while the first request is under way
	at      BIGINT NOT NULL,
	PRIMARY KEY (key_id, id)
);
CREATE INDEX replies_age ON replies (at);
