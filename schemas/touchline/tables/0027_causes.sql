-- What distinguishes those whom an incident affects, in sentences: attributes of things, never of persons.
ALTER TABLE alerts ADD COLUMN IF NOT EXISTS causes Array(String) COMMENT 'up to three sentences for people';
ALTER TABLE alerts ADD COLUMN IF NOT EXISTS explained UInt32 COMMENT 'customers when causes were looked for; 0 if never';
CREATE OR REPLACE VIEW current_alerts AS
SELECT * FROM alerts FINAL WHERE status != 'retracted';
