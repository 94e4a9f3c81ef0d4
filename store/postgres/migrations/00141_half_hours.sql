-- +goose Up

-- How refreshes went on a platform in each half hour, for eight days: what a merchant has to mend is not among what failed.
CREATE TABLE half_hours (
	platform TEXT COLLATE "C" NOT NULL,
	slot     BIGINT NOT NULL,
	ok       BIGINT NOT NULL,
	failed   BIGINT NOT NULL,
	PRIMARY KEY (platform, slot)
);
CREATE INDEX half_hours_slot ON half_hours (slot);
