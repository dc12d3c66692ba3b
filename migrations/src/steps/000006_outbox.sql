-- Owner: outbox. The durable queue. No foreign key points in: old ranges of deliveries will be dropped whole.
CREATE TABLE mailings (
  no {serial},
  kind TEXT NOT NULL,
  brand_id {uuid} NOT NULL,
  campaign_id {uuid} CONSTRAINT mailings_campaign_key UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('building', 'open', 'held', 'closed')),
  last_ordinal {bigint} NOT NULL DEFAULT 0,
  created_at {time} NOT NULL
);

-- A standing stream is one mailing for each brand and kind of mail.
CREATE UNIQUE INDEX mailings_stream_key ON mailings (brand_id, kind) WHERE campaign_id IS NULL;

-- mark: every ordinal of the lane up to it has been handed out. last: the highest ordinal that the lane holds.
-- claimed_at: when it last had its turn.
CREATE TABLE lanes (
  mailing_no {bigint} NOT NULL,
  lane TEXT NOT NULL,
  mark {bigint} NOT NULL DEFAULT 0,
  last {bigint} NOT NULL DEFAULT 0,
  claimed_at {time},
  PRIMARY KEY (mailing_no, lane)
);

-- A range of queued rows in the hands of one worker.
CREATE TABLE outbox_leases (
  id {serial},
  mailing_no {bigint} NOT NULL,
  lane TEXT NOT NULL,
  after_ordinal {bigint} NOT NULL,
  to_ordinal {bigint} NOT NULL,
  holder {uuid} NOT NULL,
  fence {bigint} NOT NULL,
  expires_at {time} NOT NULL
);

CREATE INDEX outbox_leases_expiry ON outbox_leases (mailing_no, lane, expires_at);

-- due_at: deferred, when to try again; submitting, when the worker's lease ends. data is JSON.
CREATE TABLE deliveries (
  mailing_no {bigint} NOT NULL,
  ordinal {bigint} NOT NULL,
  subscriber_id {uuid},
  recipient TEXT,
  lane TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'submitting', 'sent', 'deferred', 'failed', 'in_doubt', 'skipped')),
  skipped_why TEXT,
  attempt INTEGER NOT NULL DEFAULT 0,
  due_at {time},
  data TEXT,
  sent_at {time},
  bounced_at {time},
  complained_at {time},
  PRIMARY KEY (mailing_no, ordinal)
);

CREATE INDEX deliveries_lane ON deliveries (mailing_no, lane, ordinal);

CREATE INDEX deliveries_due ON deliveries (mailing_no, lane, due_at) WHERE state = 'deferred';

CREATE INDEX deliveries_submitting ON deliveries (due_at) WHERE state = 'submitting';

CREATE INDEX deliveries_rare ON deliveries (mailing_no, state, ordinal)
  WHERE state IN ('deferred', 'failed', 'in_doubt', 'skipped');

CREATE INDEX deliveries_subscriber ON deliveries (subscriber_id);

CREATE INDEX deliveries_recipient ON deliveries (recipient) WHERE recipient IS NOT NULL;

-- An attempt whose worker was lost has neither instance nor relay, phase or times, until its answer comes after all.
CREATE TABLE attempts (
  mailing_no {bigint} NOT NULL,
  ordinal {bigint} NOT NULL,
  attempt INTEGER NOT NULL,
  instance {uuid},
  relay TEXT,
  phase TEXT,
  outcome TEXT NOT NULL,
  code SMALLINT,
  status TEXT,
  reply TEXT NOT NULL DEFAULT '',
  class TEXT,
  rule TEXT,
  started_at {time},
  answered_at {time},
  noted_at {time} NOT NULL,
  late BOOLEAN NOT NULL DEFAULT {false},
  PRIMARY KEY (mailing_no, ordinal, attempt)
);

-- One row an instance, so that instances do not queue for one row; the sum over shards is the truth.
CREATE TABLE mailing_counts (
  mailing_no {bigint} NOT NULL,
  shard {uuid} NOT NULL,
  queued {bigint} NOT NULL DEFAULT 0,
  submitting {bigint} NOT NULL DEFAULT 0,
  sent {bigint} NOT NULL DEFAULT 0,
  deferred {bigint} NOT NULL DEFAULT 0,
  failed {bigint} NOT NULL DEFAULT 0,
  in_doubt {bigint} NOT NULL DEFAULT 0,
  skipped {bigint} NOT NULL DEFAULT 0,
  bounced {bigint} NOT NULL DEFAULT 0,
  complained {bigint} NOT NULL DEFAULT 0,
  PRIMARY KEY (mailing_no, shard)
);

-- Every act of a person on the queue: resend, give up, hold, release, close.
CREATE TABLE outbox_acts (
  id {serial},
  mailing_no {bigint} NOT NULL,
  ordinal {bigint},
  act TEXT NOT NULL,
  actor TEXT NOT NULL,
  at {time} NOT NULL
);
