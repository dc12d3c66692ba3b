-- Owner: limits. How far each relay is warmed up at each mailbox provider: since when, how many days have counted, and the last day
-- since 1970 on which something went wrong there, with the rule and the words. What has gone today stands in budgets.
CREATE TABLE warm_ups (
  relay TEXT NOT NULL,
  provider TEXT NOT NULL,
  begun_at {time} NOT NULL,
  days INTEGER NOT NULL DEFAULT 0,
  bad_day {bigint},
  rule TEXT NOT NULL DEFAULT '',
  words TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (relay, provider)
);
