-- +goose Up

-- A number that only grows, to be compared with what is noted beside the database: one that was put back has a lower one.
INSERT INTO counters (name, n) VALUES ('mark', 0);
