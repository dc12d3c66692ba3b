-- Owner: subscribers. Who may be mailed.
CREATE TABLE topics (
  id {uuid} PRIMARY KEY,
  no INTEGER NOT NULL CONSTRAINT topics_no_key UNIQUE,
  brand_id {uuid} NOT NULL REFERENCES brands (id),
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  position INTEGER NOT NULL DEFAULT 0,
  version {bigint} NOT NULL DEFAULT 1,
  created_at {time} NOT NULL,
  created_by TEXT NOT NULL,
  updated_at {time} NOT NULL,
  updated_by TEXT NOT NULL,
  archived_at {time},
  CONSTRAINT topics_slug_key UNIQUE (brand_id, slug)
);

-- provider is the lane that the address's domain belongs to. score_* count soft failures: one a day at most, forgotten
-- after a success. domain_gone_at is the first day on which the domain was not found.
CREATE TABLE subscribers (
  id {uuid} PRIMARY KEY,
  email TEXT NOT NULL CONSTRAINT subscribers_email_key UNIQUE,
  name TEXT,
  company TEXT,
  phone TEXT,
  postal_address TEXT,
  locale TEXT NOT NULL,
  provider TEXT NOT NULL,
  attributes TEXT NOT NULL DEFAULT '{}',
  tracking_consent BOOLEAN NOT NULL DEFAULT {false},
  score INTEGER NOT NULL DEFAULT 0,
  score_since {time},
  score_last_at {time},
  domain_gone_at {time},
  last_success_at {time},
  version {bigint} NOT NULL DEFAULT 1,
  created_at {time} NOT NULL,
  created_by TEXT NOT NULL,
  updated_at {time} NOT NULL,
  updated_by TEXT NOT NULL
);

-- One hash of the live address for each generation of the key, so that an audience can be joined with suppressions.
CREATE TABLE subscriber_hashes (
  subscriber_id {uuid} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  generation SMALLINT NOT NULL,
  hash {bytes} NOT NULL,
  PRIMARY KEY (subscriber_id, generation)
);

CREATE INDEX subscriber_hashes_hash ON subscriber_hashes (hash);

CREATE TABLE subscriptions (
  subscriber_id {uuid} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  topic_id {uuid} NOT NULL REFERENCES topics (id),
  state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'unsubscribed', 'expired')),
  basis TEXT NOT NULL,
  since {time} NOT NULL,
  expires_at {time},
  confirmed_at {time},
  left_at {time},
  left_by TEXT,
  PRIMARY KEY (subscriber_id, topic_id)
);

CREATE INDEX subscriptions_topic ON subscriptions (topic_id, state, subscriber_id);

CREATE INDEX subscriptions_expiry ON subscriptions (expires_at) WHERE state = 'pending';

CREATE TABLE pauses (
  subscriber_id {uuid} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  brand_id {uuid} NOT NULL REFERENCES brands (id),
  until {time} NOT NULL,
  PRIMARY KEY (subscriber_id, brand_id)
);

-- brand_id null: every brand. Neither address nor person stands here, only the keyed hash.
CREATE TABLE suppressions (
  id {uuid} PRIMARY KEY,
  scheme SMALLINT NOT NULL,
  generation SMALLINT NOT NULL,
  hash {bytes} NOT NULL,
  brand_id {uuid} REFERENCES brands (id),
  reason TEXT NOT NULL CHECK (reason IN ('hard', 'domain_gone', 'soft', 'complaint', 'erased', 'manual', 'imported')),
  detail TEXT NOT NULL DEFAULT '',
  created_at {time} NOT NULL,
  created_by TEXT NOT NULL,
  lifted_at {time},
  lifted_by TEXT,
  lifted_why TEXT
);

CREATE INDEX suppressions_hash ON suppressions (hash);

CREATE TABLE forms (
  id {uuid} PRIMARY KEY,
  brand_id {uuid} NOT NULL REFERENCES brands (id),
  slug TEXT NOT NULL CONSTRAINT forms_slug_key UNIQUE,
  name TEXT NOT NULL,
  current_version INTEGER NOT NULL,
  created_at {time} NOT NULL,
  created_by TEXT NOT NULL,
  updated_at {time} NOT NULL,
  updated_by TEXT NOT NULL
);

-- A version is never changed: it is what a person saw. definition is JSON: title, intro, fields, topics, consent words.
CREATE TABLE form_versions (
  id {uuid} PRIMARY KEY,
  form_id {uuid} NOT NULL REFERENCES forms (id),
  version INTEGER NOT NULL,
  locale TEXT NOT NULL,
  consent_words TEXT NOT NULL,
  definition TEXT NOT NULL,
  confirm_within_days INTEGER NOT NULL DEFAULT 7,
  created_at {time} NOT NULL,
  created_by TEXT NOT NULL,
  CONSTRAINT form_versions_version_key UNIQUE (form_id, version)
);

-- A request to subscribe and the topics it named; its link confirms exactly these.
CREATE TABLE opt_ins (
  id {uuid} PRIMARY KEY,
  subscriber_id {uuid} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  brand_id {uuid} NOT NULL REFERENCES brands (id),
  form_version_id {uuid} REFERENCES form_versions (id),
  state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'expired', 'superseded')),
  details TEXT NOT NULL DEFAULT '{}',
  requested_at {time} NOT NULL,
  expires_at {time} NOT NULL,
  mailed_at {time},
  reminded_at {time},
  confirmed_at {time}
);

CREATE INDEX opt_ins_subscriber ON opt_ins (subscriber_id);

CREATE INDEX opt_ins_pending ON opt_ins (expires_at) WHERE state = 'pending';

CREATE TABLE opt_in_topics (
  opt_in_id {uuid} NOT NULL REFERENCES opt_ins (id) ON DELETE CASCADE,
  topic_id {uuid} NOT NULL REFERENCES topics (id),
  PRIMARY KEY (opt_in_id, topic_id)
);

-- Single-use links mailed to the address itself.
CREATE TABLE access_links (
  id {uuid} PRIMARY KEY,
  subscriber_id {uuid} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  brand_id {uuid} NOT NULL REFERENCES brands (id),
  created_at {time} NOT NULL,
  expires_at {time} NOT NULL,
  used_at {time}
);

CREATE INDEX access_links_subscriber ON access_links (subscriber_id);
