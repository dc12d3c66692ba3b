-- Owner: feedback. What came back, kept as it was.
CREATE TABLE returned_mail (
  id {uuid} PRIMARY KEY,
  received_at {time} NOT NULL,
  digest {bytes} NOT NULL CONSTRAINT returned_mail_digest_key UNIQUE,
  source TEXT NOT NULL,
  envelope_from TEXT NOT NULL,
  envelope_to TEXT NOT NULL,
  raw {bytes} NOT NULL,
  kind TEXT NOT NULL,
  standing TEXT NOT NULL CHECK (standing IN ('acted', 'noted', 'not_understood', 'refused')),
  subscriber_id {uuid},
  mailing_no {bigint},
  ordinal {bigint},
  class TEXT,
  rule TEXT,
  words TEXT
);

CREATE INDEX returned_mail_standing ON returned_mail (standing, id);

CREATE INDEX returned_mail_subscriber ON returned_mail (subscriber_id);

-- The same report twice changes nothing.
CREATE TABLE report_digests (
  mailing_no {bigint} NOT NULL,
  ordinal {bigint} NOT NULL,
  digest {bytes} NOT NULL,
  seen_at {time} NOT NULL,
  PRIMARY KEY (mailing_no, ordinal, digest)
);
