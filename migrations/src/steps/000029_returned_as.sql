-- Owner: outbox. What verdict called the failure with which the message came back. A provider may refuse us minutes after our relay has
-- taken the mail, and is judged by those refusals as well.
ALTER TABLE deliveries ADD COLUMN returned_as TEXT;
