-- +goose Up

-- Lists of authorizations by stage, and by how shop or owner begins.
CREATE INDEX authorizations_stage ON authorizations (stage, id);
CREATE INDEX authorizations_shop_beginning ON authorizations (lower(shop));
CREATE INDEX authorizations_owner_beginning ON authorizations (lower(owner));
