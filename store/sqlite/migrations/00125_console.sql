-- +goose Up

-- What a person keeps in the console: searches under names, as JSON; the sealed secret of the codes that their phone shows,
-- and the time step of the last one that was used, so that each is good once.
ALTER TABLE people ADD COLUMN searches TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN code TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN code_step BIGINT NOT NULL DEFAULT 0;
