-- What was deployed in the hour before an incident began, and what its frictions cost, in sentences.
ALTER TABLE alerts ADD COLUMN IF NOT EXISTS changes Array(String) COMMENT 'up to three sentences for people';
ALTER TABLE alerts ADD COLUMN IF NOT EXISTS cost String COMMENT 'one sentence; empty where the loss is not known';
CREATE OR REPLACE VIEW current_alerts AS
SELECT * FROM alerts FINAL WHERE status != 'retracted';

-- How the receiver names the message of an incident, so that the next one changes it, also after a restart.
ALTER TABLE outbox ADD COLUMN IF NOT EXISTS reference String COMMENT 'the name of the message at the receiver';
