-- +goose Up

-- SHA-256 of the code that a click spends: a platform is sent each code once.
ALTER TABLE clicks ADD COLUMN code_hash BLOB;
CREATE UNIQUE INDEX clicks_code ON clicks (app_id, code_hash) WHERE code_hash IS NOT NULL;
