-- Owner: outbox. The last round of each sender that was committed: who lost the answer to COMMIT looks here. A sender that ends
-- in good order takes its row along.
CREATE TABLE outbox_rounds (
  holder {uuid} PRIMARY KEY,
  no {bigint} NOT NULL
);
