-- Owner: brands. Whether clicks are counted where nobody agreed to be, without saying whose; and for how long it is kept who opened and
-- clicked.
ALTER TABLE brands ADD COLUMN anonymous_clicks BOOLEAN NOT NULL DEFAULT {false};

ALTER TABLE brands ADD COLUMN hits_kept_days INTEGER NOT NULL DEFAULT 30;

-- Owner: feedback. Openings and clicks as they came, until their brand keeps them no longer. ordinal null: nobody in particular. link null: an
-- opening; links is how many the mail has. network is shortened (/24, /48). suspect is the rule by which the request itself looked like a
-- machine's; machine the one by which it is counted as one, once it was judged.
CREATE TABLE hits (
  id {serial},
  at {time} NOT NULL,
  brand_id {uuid} NOT NULL,
  mailing_no {bigint} NOT NULL,
  ordinal {bigint},
  link INTEGER,
  links INTEGER NOT NULL,
  network TEXT,
  suspect TEXT,
  judged_at {time},
  machine TEXT
);

CREATE INDEX hits_waiting ON hits (id) WHERE judged_at IS NULL;

CREATE INDEX hits_age ON hits (brand_id, at);

CREATE INDEX hits_delivery ON hits (mailing_no, ordinal) WHERE ordinal IS NOT NULL;

-- Owner: feedback. What was judged, added up. link -1: openings. people are deliveries, each counted once.
CREATE TABLE hit_counts (
  mailing_no {bigint} NOT NULL,
  link INTEGER NOT NULL,
  people {bigint} NOT NULL DEFAULT 0,
  human {bigint} NOT NULL DEFAULT 0,
  machine {bigint} NOT NULL DEFAULT 0,
  anonymous {bigint} NOT NULL DEFAULT 0,
  anonymous_machine {bigint} NOT NULL DEFAULT 0,
  PRIMARY KEY (mailing_no, link)
);
