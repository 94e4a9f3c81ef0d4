-- +goose Up

-- A push is stored before it is answered, and worked off by app. due_at is NULL once that is done; the row then only
-- tells that the push was seen.
ALTER TABLE pushes ADD COLUMN notice TEXT NOT NULL DEFAULT '';
ALTER TABLE pushes ADD COLUMN due_at BIGINT;
ALTER TABLE pushes ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
CREATE INDEX pushes_due ON pushes (app_id, due_at) WHERE due_at IS NOT NULL;
