-- +goose Up

-- What ends soon is counted without a look at the grants themselves.
DROP INDEX grants_end;
DROP INDEX grants_ceiling;
CREATE INDEX grants_end ON grants (expires_at, state, app_id, authorization_expires_at) WHERE renewable = 0 AND expires_at > 0;
CREATE INDEX grants_ceiling ON grants (authorization_expires_at, state, app_id) WHERE authorization_expires_at > 0;

-- What follows is each engine's own.

-- How many grants of an app are in each state, kept by triggers: counting a million rows takes longer than a page may.
CREATE TABLE grant_tally (
	app_id TEXT   NOT NULL,
	state  TEXT   NOT NULL,
	n      BIGINT NOT NULL,
	PRIMARY KEY (app_id, state)
) WITHOUT ROWID;

INSERT INTO grant_tally (app_id, state, n) SELECT app_id, state, COUNT(*) FROM grants GROUP BY app_id, state;

-- +goose StatementBegin
CREATE TRIGGER grants_tallied_in AFTER INSERT ON grants BEGIN
	INSERT INTO grant_tally (app_id, state, n) VALUES (NEW.app_id, NEW.state, 1)
		ON CONFLICT (app_id, state) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER grants_tallied_on AFTER UPDATE OF app_id, state ON grants
WHEN OLD.state <> NEW.state OR OLD.app_id <> NEW.app_id BEGIN
	UPDATE grant_tally SET n = n - 1 WHERE app_id = OLD.app_id AND state = OLD.state;
	INSERT INTO grant_tally (app_id, state, n) VALUES (NEW.app_id, NEW.state, 1)
		ON CONFLICT (app_id, state) DO UPDATE SET n = n + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER grants_tallied_out AFTER DELETE ON grants BEGIN
	UPDATE grant_tally SET n = n - 1 WHERE app_id = OLD.app_id AND state = OLD.state;
END;
-- +goose StatementEnd
