-- Owner: outbox. PostgreSQL changes a row in place where no index, nor any index's condition, looks at a column that changes. So the rare
-- states have columns of their own, which stay empty on the way from queued to sent: again_at, when what was put off is due; again_until,
-- when the lease of a further attempt ends; rare, the state that is not on the way; unfit, whether there is no message for it.
-- Whoever holds one of them is waited for now, and not when the table is written anew already.
{postgres} LOCK TABLE lanes, deliveries IN ACCESS EXCLUSIVE MODE;

{sqlite} ALTER TABLE deliveries ADD COLUMN again_at TEXT
  GENERATED ALWAYS AS (CASE WHEN state = 'deferred' THEN due_at END) VIRTUAL;

{sqlite} ALTER TABLE deliveries ADD COLUMN again_until TEXT
  GENERATED ALWAYS AS (CASE WHEN state = 'submitting' AND attempt > 1 THEN due_at END) VIRTUAL;

{sqlite} ALTER TABLE deliveries ADD COLUMN rare TEXT
  GENERATED ALWAYS AS (CASE WHEN state IN ('deferred', 'failed', 'in_doubt', 'skipped') THEN state END) VIRTUAL;

{sqlite} ALTER TABLE deliveries ADD COLUMN unfit INTEGER
  GENERATED ALWAYS AS (CASE WHEN state = 'skipped' AND substr(skipped_why, 1, 20) = 'cannot be composed: ' THEN 1 END) VIRTUAL;

-- The indexes go first: the table is written anew, once.
DROP INDEX deliveries_due;

DROP INDEX deliveries_submitting;

DROP INDEX deliveries_rare;

DROP INDEX deliveries_unfit;

{postgres} ALTER TABLE deliveries
  ADD COLUMN again_at TIMESTAMPTZ
    GENERATED ALWAYS AS (CASE WHEN state = 'deferred' THEN due_at END) STORED,
  ADD COLUMN again_until TIMESTAMPTZ
    GENERATED ALWAYS AS (CASE WHEN state = 'submitting' AND attempt > 1 THEN due_at END) STORED,
  ADD COLUMN rare TEXT
    GENERATED ALWAYS AS (CASE WHEN state IN ('deferred', 'failed', 'in_doubt', 'skipped') THEN state END) STORED,
  ADD COLUMN unfit INTEGER
    GENERATED ALWAYS AS (CASE WHEN state = 'skipped' AND substr(skipped_why, 1, 20) = 'cannot be composed: ' THEN 1 END) STORED;

-- Room on the page for both changes of every row; what is there already stays packed.
{postgres} ALTER TABLE deliveries SET (fillfactor = 40);

CREATE INDEX deliveries_due ON deliveries (mailing_no, lane, again_at) WHERE again_at IS NOT NULL;

CREATE INDEX deliveries_submitting ON deliveries (again_until) WHERE again_until IS NOT NULL;

CREATE INDEX deliveries_rare ON deliveries (mailing_no, rare, ordinal) WHERE rare IS NOT NULL;

CREATE INDEX deliveries_unfit ON deliveries (mailing_no) WHERE unfit IS NOT NULL;

-- settled: up to it every first attempt of the lane is over. What is under way is looked for behind it.
ALTER TABLE lanes ADD COLUMN settled {bigint} NOT NULL DEFAULT 0;

UPDATE lanes SET settled = COALESCE((SELECT MIN(d.ordinal) - 1 FROM deliveries d
  WHERE d.mailing_no = lanes.mailing_no AND d.lane = lanes.lane AND d.ordinal <= lanes.mark
    AND d.state IN ('queued', 'submitting') AND d.attempt <= 1), mark);

CREATE INDEX lanes_unsettled ON lanes (mailing_no) WHERE settled < mark;
