-- Owner: campaigns. In which band of its audience a launch is that begins with those who answered last; none where it does not.
ALTER TABLE campaigns ADD COLUMN launch_band INTEGER;

-- Owner: activity. Few of all facts show that somebody wants our mail, and those are asked for person by person.
CREATE INDEX facts_engagement ON facts (subscriber_id, at) WHERE kind IN ('confirmed', 'opened', 'clicked', 'answered');
