-- +goose Up

-- The place of an event within the change that it tells of: events of one change have one moment.
ALTER TABLE events ADD COLUMN place BIGINT NOT NULL DEFAULT 0;

DROP INDEX events_fresh;
CREATE INDEX events_unpublished ON events (at, grant_version, place, id) WHERE position IS NULL;
DROP INDEX events_grant;
CREATE INDEX events_of_grant ON events (grant_id, at, grant_version, place, id) WHERE grant_id <> '';
CREATE INDEX events_of_owner ON events (owner, position) WHERE position IS NOT NULL;
