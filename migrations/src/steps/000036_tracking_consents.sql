-- Owner: subscribers. Who agreed to be counted one by one when they open and click, and with which brand; no row, no consent.
-- subscribers.tracking_consent says whether there is any row, because every mail is made from that one. Whatever it said before came
-- from nobody's act.
CREATE TABLE tracking_consents (
  subscriber_id {uuid} NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
  brand_id {uuid} NOT NULL REFERENCES brands (id),
  since {time} NOT NULL,
  PRIMARY KEY (subscriber_id, brand_id)
);

UPDATE subscribers SET tracking_consent = {false} WHERE tracking_consent;
