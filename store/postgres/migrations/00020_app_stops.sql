-- +goose Up

-- Why the renewals of an app are stopped, apart from the fault that is shown, and why an app cannot be opened.
ALTER TABLE apps ADD COLUMN stop TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE apps ADD COLUMN broken TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE apps SET stop = CASE WHEN fault LIKE '%"local:restored"%' THEN 'restored' ELSE 'fault' END WHERE paused_until > 0;
