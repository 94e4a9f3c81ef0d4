-- +goose Up

-- The vendor's own short texts about a grant, as JSON; empty: none. A grant is found by them through grant_terms.
ALTER TABLE grants ADD COLUMN tags TEXT NOT NULL DEFAULT '';
