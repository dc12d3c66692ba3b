-- Owner: campaigns. How many messages were refused for what they say since the launch or the last resume, and in which words last.
ALTER TABLE campaign_shares ADD COLUMN content {bigint} NOT NULL DEFAULT 0;

ALTER TABLE campaign_shares ADD COLUMN content_words TEXT;
