-- +goose Up

-- What has changed is asked for where several processes write.
SELECT 1;

-- Changes are told to the other processes by rows, which whoever follows deletes after some minutes. The transaction's
-- number orders them: a snapshot says exactly which of them it has seen, in whatever order they were committed.
CREATE TABLE grant_changes (
	xid      xid8 NOT NULL DEFAULT pg_current_xact_id(),
	grant_id TEXT COLLATE "C" NOT NULL
);
CREATE INDEX grant_changes_xid ON grant_changes (xid);

-- +goose StatementBegin
CREATE FUNCTION grant_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO grant_changes (grant_id) SELECT id FROM changed;
	RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER grants_changed AFTER UPDATE ON grants
	REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION grant_changed();
