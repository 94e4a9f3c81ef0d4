-- +goose Up

-- How an app shows itself to merchants: the vendor's name, sign and support contact, as JSON.
ALTER TABLE apps ADD COLUMN face TEXT COLLATE "C" NOT NULL DEFAULT '{}';
