-- +goose Up

-- SQLite can have a table that is nothing but its key.
SELECT 1;
