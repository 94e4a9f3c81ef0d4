-- +goose Up

-- Who may log in to the console.
CREATE TABLE people (
	id           TEXT COLLATE "C" PRIMARY KEY,
	name         TEXT COLLATE "C"   NOT NULL UNIQUE,
	role         TEXT COLLATE "C"   NOT NULL,
	password     TEXT COLLATE "C"   NOT NULL, -- argon2id; the password itself is never stored
	language     TEXT COLLATE "C"   NOT NULL,
	theme        TEXT COLLATE "C"   NOT NULL,
	zone         TEXT COLLATE "C"   NOT NULL,
	no_shortcuts BIGINT NOT NULL,
	created_at   BIGINT NOT NULL,
	updated_at   BIGINT NOT NULL
);

-- Where they are logged in.
CREATE TABLE logins (
	hash       BYTEA PRIMARY KEY, -- SHA-256 of what the browser keeps
	person_id  TEXT COLLATE "C"   NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	address    TEXT COLLATE "C"   NOT NULL,
	agent      TEXT COLLATE "C"   NOT NULL,
	proved_at  BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	ends_at    BIGINT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX logins_person ON logins (person_id);
CREATE INDEX logins_age ON logins (ends_at);

-- Links that log somebody in.
CREATE TABLE invitations (
	hash       BYTEA PRIMARY KEY, -- SHA-256 of what stands in the link
	person_id  TEXT COLLATE "C"   NOT NULL REFERENCES people (id) ON DELETE CASCADE,
	many       BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX invitations_person ON invitations (person_id);
