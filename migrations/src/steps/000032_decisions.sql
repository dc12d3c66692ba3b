-- Owner: subscribers. On what a suppression was made: the message that failed or was complained about, and the mail that said so later.
ALTER TABLE suppressions ADD COLUMN mailing_no {bigint};

ALTER TABLE suppressions ADD COLUMN ordinal {bigint};

ALTER TABLE suppressions ADD COLUMN returned_mail_id {uuid};

CREATE INDEX suppressions_returned_mail ON suppressions (returned_mail_id) WHERE returned_mail_id IS NOT NULL;

-- Owner: feedback. What a returned mail did to the person, and who of the staff took that back. to_look_at: it was understood, and asks
-- for a person. SQLite changes no CHECK, so the column is made anew.
ALTER TABLE returned_mail ADD COLUMN effect TEXT;

ALTER TABLE returned_mail ADD COLUMN released_at {time};

ALTER TABLE returned_mail ADD COLUMN released_by TEXT;

ALTER TABLE returned_mail ADD COLUMN released_why TEXT;

ALTER TABLE returned_mail ADD COLUMN became TEXT NOT NULL DEFAULT 'not_understood' CHECK (became IN ('acted', 'noted', 'to_look_at', 'not_understood', 'refused'));

UPDATE returned_mail SET became = standing;

DROP INDEX returned_mail_standing;

ALTER TABLE returned_mail DROP COLUMN standing;

ALTER TABLE returned_mail RENAME COLUMN became TO standing;

CREATE INDEX returned_mail_standing ON returned_mail (standing, id);
