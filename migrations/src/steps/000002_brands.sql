-- Owner: brands. Who the mail is from.
CREATE TABLE brands (
  id {uuid} PRIMARY KEY,
  slug TEXT NOT NULL CONSTRAINT brands_slug_key UNIQUE,
  name TEXT NOT NULL,
  from_name TEXT NOT NULL,
  from_address TEXT NOT NULL,
  reply_to TEXT,
  postal_address TEXT NOT NULL,
  website TEXT,
  privacy_url TEXT,
  accent TEXT NOT NULL,
  locale TEXT NOT NULL,
  sending_domain TEXT NOT NULL,
  bounce_domain TEXT NOT NULL,
  base_url TEXT NOT NULL,
  soft_bounce_limit INTEGER NOT NULL DEFAULT 3,
  soft_bounce_days INTEGER NOT NULL DEFAULT 14,
  version {bigint} NOT NULL DEFAULT 1,
  created_at {time} NOT NULL,
  created_by TEXT NOT NULL,
  updated_at {time} NOT NULL,
  updated_by TEXT NOT NULL
);

CREATE TABLE dkim_keys (
  id {uuid} PRIMARY KEY,
  domain TEXT NOT NULL,
  selector TEXT NOT NULL,
  algorithm TEXT NOT NULL CHECK (algorithm IN ('rsa-sha256', 'ed25519-sha256')),
  sealed {bytes} NOT NULL,
  public {bytes} NOT NULL,
  created_at {time} NOT NULL,
  created_by TEXT NOT NULL,
  retired_at {time},
  retired_by TEXT,
  CONSTRAINT dkim_keys_selector_key UNIQUE (domain, selector)
);
