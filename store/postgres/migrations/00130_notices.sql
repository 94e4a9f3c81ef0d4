-- +goose Up

-- What was told once and is not to be told again before a moment: "refreshes of a platform are behind".
CREATE TABLE notices (
	name  TEXT   PRIMARY KEY,
	until BIGINT NOT NULL
);
