-- Owner: campaigns. When somebody resumed the campaign after it was stopped for what it says: from then on it takes a share again.
ALTER TABLE campaign_shares ADD COLUMN content_read_at {time};
