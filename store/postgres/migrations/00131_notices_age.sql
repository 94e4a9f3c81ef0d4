-- +goose Up

-- What is over is swept.
CREATE INDEX notices_age ON notices (until);
