-- +goose Up

-- By whom an identity provider knows a person: its address and its own name for them. Whoever has one has no password here.
ALTER TABLE people ADD COLUMN subject TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE UNIQUE INDEX people_subject ON people (subject) WHERE subject <> '';
