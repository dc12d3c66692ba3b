-- Owner: activity. Append-only facts about people.
CREATE TABLE facts (
  id {serial},
  written_by {xid},
  at {time} NOT NULL,
  kind TEXT NOT NULL,
  brand_id {uuid} NOT NULL,
  subscriber_id {uuid},
  mailing_no {bigint},
  ordinal {bigint},
  detail TEXT
);

CREATE INDEX facts_written_by ON facts (written_by, id);

CREATE INDEX facts_subscriber ON facts (subscriber_id, id);

-- How far each reader has come.
CREATE TABLE fact_cursors (
  reader TEXT PRIMARY KEY,
  written_by {bigint} NOT NULL,
  id {bigint} NOT NULL
);
