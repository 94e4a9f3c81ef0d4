-- +goose Up

-- The number of an authorization, which a merchant reads to the vendor's support, is the end of its id.
CREATE INDEX authorizations_number ON authorizations (substr(id, 25));
