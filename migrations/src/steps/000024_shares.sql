-- Owner: campaigns. Why it was paused, if a share of what went wrong did it.
ALTER TABLE campaigns ADD COLUMN paused_why TEXT;

ALTER TABLE campaign_events ADD COLUMN why TEXT;

-- How much of a campaign went wrong since it was launched, or since somebody resumed it: hard and complained count from then on, the
-- two others are what had been before.
CREATE TABLE campaign_shares (
  campaign_id {uuid} PRIMARY KEY REFERENCES campaigns (id),
  since {time},
  hard {bigint} NOT NULL DEFAULT 0,
  complained {bigint} NOT NULL DEFAULT 0,
  attempts_before {bigint} NOT NULL DEFAULT 0,
  unfit_before {bigint} NOT NULL DEFAULT 0
);

-- Owner: activity. What went wrong is few among all facts, and is looked for every second.
CREATE INDEX facts_failures ON facts (written_by, id) WHERE kind IN ('failed', 'bounced', 'complained');
