-- Owner: outbox. For whom no message could be made is counted while a mailing is out, and all that it has skipped may be most of it.
CREATE INDEX deliveries_unfit ON deliveries (mailing_no)
  WHERE state = 'skipped' AND substr(skipped_why, 1, 20) = 'cannot be composed: ';
