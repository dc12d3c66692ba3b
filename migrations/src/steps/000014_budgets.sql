-- Owner: limits. How much of each limit is used up, by all instances together.
-- arrival: GCRA's state, in nanoseconds since 1970: when the next permit would be due if they went evenly. rate: what it was
-- counted by. hour and day: the UTC hour and day since 1970 that the two counts are of.
CREATE TABLE budgets (
  key TEXT PRIMARY KEY,
  rate TEXT NOT NULL DEFAULT '',
  arrival {bigint} NOT NULL DEFAULT 0,
  hour {bigint} NOT NULL DEFAULT 0,
  hour_spent {bigint} NOT NULL DEFAULT 0,
  day {bigint} NOT NULL DEFAULT 0,
  day_spent {bigint} NOT NULL DEFAULT 0,
  touched_at {time} NOT NULL
);

-- How many connections each instance may have, and wants, under a limit. An instance that is gone loses them at expires_at.
CREATE TABLE connection_slots (
  key TEXT NOT NULL,
  holder {uuid} NOT NULL,
  n INTEGER NOT NULL,
  wanted INTEGER NOT NULL,
  expires_at {time} NOT NULL,
  PRIMARY KEY (key, holder)
);
