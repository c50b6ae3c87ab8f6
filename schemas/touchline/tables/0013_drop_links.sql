-- In a migration of its own: the one before could not be repeated without the table.
DROP TABLE IF EXISTS links;
