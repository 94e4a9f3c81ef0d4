-- +goose Up

-- What has changed is asked for where several processes write.
SELECT 1;
