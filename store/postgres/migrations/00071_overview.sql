-- +goose Up

-- What somebody who looks after many grants asks first, without reading those that are well.
CREATE INDEX grants_unwell ON grants (id) WHERE state <> 'active' AND state <> 'revoked';
CREATE INDEX grants_faulty ON grants (id) WHERE fault <> '' AND state <> 'revoked';
CREATE INDEX grants_doubtful ON grants (id) WHERE doubts > 0 AND state <> 'revoked';
CREATE INDEX grants_waning ON grants (refresh_token_expires_at) WHERE state = 'suspended';
