-- Owner: campaigns. compiled is the frozen document (JSON) that every message is merged from; launch_after is the last
-- subscriber that the launch has reached.
CREATE TABLE campaigns (
  id {uuid} PRIMARY KEY,
  brand_id {uuid} NOT NULL REFERENCES brands (id),
  topic_id {uuid} NOT NULL REFERENCES topics (id),
  name TEXT NOT NULL,
  subject TEXT NOT NULL,
  preheader TEXT NOT NULL,
  body TEXT NOT NULL,
  status TEXT NOT NULL
    CHECK (status IN ('draft', 'in_review', 'scheduled', 'launching', 'sending', 'paused', 'sent', 'cancelled')),
  send_at {time},
  compiled TEXT,
  mailing_no {bigint} CONSTRAINT campaigns_mailing_key UNIQUE,
  launch_after {uuid},
  launched_at {time},
  finished_at {time},
  version {bigint} NOT NULL DEFAULT 1,
  created_at {time} NOT NULL,
  created_by TEXT NOT NULL,
  updated_at {time} NOT NULL,
  updated_by TEXT NOT NULL
);

CREATE INDEX campaigns_due ON campaigns (send_at) WHERE status IN ('scheduled', 'launching', 'sending');

CREATE TABLE campaign_events (
  id {serial},
  campaign_id {uuid} NOT NULL REFERENCES campaigns (id),
  at {time} NOT NULL,
  event TEXT NOT NULL,
  from_status TEXT NOT NULL,
  to_status TEXT NOT NULL,
  actor TEXT NOT NULL
);

CREATE INDEX campaign_events_campaign ON campaign_events (campaign_id, id);
