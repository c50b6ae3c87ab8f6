-- An import takes back the refused rows that a file gave before.
ALTER TABLE quarantine ADD COLUMN IF NOT EXISTS mark String
    COMMENT 'of an import: the fingerprint of the file and its mapping';
