-- +goose Up

-- What ends soon is counted without a look at the grants themselves.
DROP INDEX grants_end;
DROP INDEX grants_ceiling;
CREATE INDEX grants_end ON grants (expires_at, state, app_id, authorization_expires_at) WHERE renewable = 0 AND expires_at > 0;
CREATE INDEX grants_ceiling ON grants (authorization_expires_at, state, app_id) WHERE authorization_expires_at > 0;

-- What follows is each engine's own.

-- How many grants of an app are in each state, kept by triggers: counting a million rows takes longer than a page may.
-- Each statement adds rows, with numbers below nothing where grants leave a state, and nobody changes one: a row that
-- many changed would make them wait for each other. Whoever follows the changes folds them into few.
CREATE TABLE grant_tally (
	app_id TEXT COLLATE "C" NOT NULL,
	state  TEXT COLLATE "C" NOT NULL,
	n      BIGINT           NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION grant_tallied_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO grant_tally (app_id, state, n) SELECT app_id, state, COUNT(*) FROM came GROUP BY app_id, state;
	RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION grant_tallied_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO grant_tally (app_id, state, n) VALUES (OLD.app_id, OLD.state, -1), (NEW.app_id, NEW.state, 1);
	RETURN NULL;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION grant_tallied_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO grant_tally (app_id, state, n) VALUES (OLD.app_id, OLD.state, -1);
	RETURN NULL;
END
$$;
-- +goose StatementEnd

-- The triggers keep writers out until this is committed, so that what is counted next is all there is.
CREATE TRIGGER grants_tallied_in AFTER INSERT ON grants
	REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION grant_tallied_in();
CREATE TRIGGER grants_tallied_on AFTER UPDATE OF app_id, state ON grants
	FOR EACH ROW WHEN (OLD.state <> NEW.state OR OLD.app_id <> NEW.app_id) EXECUTE FUNCTION grant_tallied_on();
CREATE TRIGGER grants_tallied_out AFTER DELETE ON grants FOR EACH ROW EXECUTE FUNCTION grant_tallied_out();

INSERT INTO grant_tally (app_id, state, n) SELECT app_id, state, COUNT(*) FROM grants GROUP BY app_id, state;
