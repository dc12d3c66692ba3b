-- Owner: subscribers. provider_look_at is when the MX of a domain is to be asked that is in no table. Nobody has asked for those who
-- are on file.
ALTER TABLE subscribers ADD COLUMN provider_look_at {time};

UPDATE subscribers SET provider_look_at = created_at WHERE provider = 'other';

CREATE INDEX subscribers_provider_look ON subscribers (provider_look_at) WHERE provider_look_at IS NOT NULL;
