-- +goose Up

-- The newest key set by whose key everything is sealed that a process holds outside the database, and which process of the
-- identity noted that.
ALTER TABLE instances ADD COLUMN keyset BIGINT NOT NULL DEFAULT 0;
ALTER TABLE instances ADD COLUMN keyset_by BIGINT NOT NULL DEFAULT 0;
