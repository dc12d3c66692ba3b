-- Owner: subscribers. domain_look_at is when a domain is to be looked up that a mail server did not find; domain_gone_at is
-- from now on the first day on which our own look-up found it gone. What was noted by a server's word alone is looked up.
ALTER TABLE subscribers ADD COLUMN domain_look_at {time};

UPDATE subscribers SET domain_look_at = domain_gone_at, domain_gone_at = NULL WHERE domain_gone_at IS NOT NULL;

CREATE INDEX subscribers_domain_look ON subscribers (domain_look_at) WHERE domain_look_at IS NOT NULL;
