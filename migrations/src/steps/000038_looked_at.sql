-- Owner: feedback. Who of the staff has seen a returned mail that waits for a person, and when it is looked whether its provider has signed
-- a complaint that has no token. What a mail may have done is checked now; SQLite adds no CHECK, so the column is made anew.
ALTER TABLE returned_mail ADD COLUMN acknowledged_at {time};

ALTER TABLE returned_mail ADD COLUMN acknowledged_by TEXT;

ALTER TABLE returned_mail ADD COLUMN signature_look_at {time};

CREATE INDEX returned_mail_signature_look_at ON returned_mail (signature_look_at) WHERE signature_look_at IS NOT NULL;

ALTER TABLE returned_mail ADD COLUMN did TEXT CHECK (did IN ('counted', 'looked_up', 'suppressed', 'left', 'paused'));

UPDATE returned_mail SET did = effect;

ALTER TABLE returned_mail DROP COLUMN effect;

ALTER TABLE returned_mail RENAME COLUMN did TO effect;

-- What staff ask for, each in the order of the list.
DROP INDEX returned_mail_subscriber;

CREATE INDEX returned_mail_subscriber ON returned_mail (subscriber_id, id);

CREATE INDEX returned_mail_kind ON returned_mail (kind, id);

CREATE INDEX returned_mail_class ON returned_mail (class, id) WHERE class IS NOT NULL;

CREATE INDEX returned_mail_source ON returned_mail (source, id);

CREATE INDEX returned_mail_unseen ON returned_mail (standing, id) WHERE acknowledged_at IS NULL;
