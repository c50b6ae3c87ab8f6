-- `occurrences` has what `links` has, by each identifier. A row that is in both is one row once parts are merged.
INSERT INTO occurrences SELECT arrayJoin(identifiers) AS identifier, identifiers FROM links;
