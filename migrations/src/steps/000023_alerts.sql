-- Owner: alerts. What staff has to know: one row for a cause while it lasts. subject is campaign:ID or provider:NAME.
CREATE TABLE alerts (
  id {uuid} PRIMARY KEY,
  subject TEXT NOT NULL,
  cause TEXT NOT NULL,
  level TEXT NOT NULL CHECK (level IN ('warning', 'pause')),
  brand_id {uuid},
  campaign_id {uuid},
  provider TEXT,
  failed {bigint},
  attempts {bigint},
  words TEXT NOT NULL,
  since {time} NOT NULL,
  ended_at {time},
  acknowledged_at {time},
  acknowledged_by TEXT
);

CREATE UNIQUE INDEX alerts_lasting ON alerts (subject, cause, level) WHERE ended_at IS NULL;

-- Owner: brands. Where alerts are mailed.
ALTER TABLE brands ADD COLUMN alerts_address TEXT;
