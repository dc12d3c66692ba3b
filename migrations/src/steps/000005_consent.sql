-- Owner: subscribers. The append-only ledger. The envelope (id, at, act, brand, topic, form version, basis, actor kind) stays for ever;
-- subscriber_id, salt and evidence are emptied when a person is erased, evidence_digest = H(salt || evidence) stays.
-- seq is given by the sealer, in order and without gaps, to events that are committed.
CREATE TABLE consent_events (
  id {uuid} PRIMARY KEY,
  seq {bigint} CONSTRAINT consent_events_seq_key UNIQUE,
  at {time} NOT NULL,
  act TEXT NOT NULL,
  brand_id {uuid} NOT NULL,
  topic_id {uuid},
  form_version_id {uuid},
  basis TEXT,
  actor_kind TEXT NOT NULL,
  subscriber_id {uuid},
  salt {bytes},
  evidence TEXT,
  evidence_digest {bytes} NOT NULL
);

CREATE INDEX consent_events_subscriber ON consent_events (subscriber_id);

CREATE INDEX consent_events_unsealed ON consent_events (id) WHERE seq IS NULL;

-- head = H(previous head || leaf) folded over the block's events, signed.
CREATE TABLE consent_blocks (
  no {bigint} NOT NULL PRIMARY KEY,
  first_seq {bigint} NOT NULL,
  last_seq {bigint} NOT NULL,
  previous {bytes} NOT NULL,
  head {bytes} NOT NULL,
  key_id SMALLINT NOT NULL,
  signature {bytes} NOT NULL,
  sealed_at {time} NOT NULL
);
