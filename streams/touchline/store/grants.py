"""Roles of a ClickHouse server: what each part of Touchline may do there, and no more.

The collector has none: it knows the log alone.
"""

from touchline.store.cluster import READING
from touchline.store.engine import DATABASE
from touchline.store.readers import LIMITS

READER, WORKER, ADMIN = "touchline_reader", "touchline_worker", "touchline_admin"


def grants(cluster: str = "") -> list[str]:
    """The statements that make the roles; each may be run again.

    Users are made by whoever has the passwords: `CREATE USER … DEFAULT ROLE touchline_worker`.
    """
    on = f" ON CLUSTER '{cluster}'" if cluster else ""
    # Readers may bound their queries further, and change nothing else.
    bounds = ", ".join(f"{name} = {value} MAX {value}" for name, value in LIMITS.items())
    if cluster:
        bounds += "".join(f", {name} = '{value}'" for name, value in READING.items())
    made = [
        f"CREATE SETTINGS PROFILE IF NOT EXISTS {READER}{on} SETTINGS {bounds}, readonly = 2 READONLY",
        f"CREATE ROLE IF NOT EXISTS {READER}{on} SETTINGS PROFILE '{READER}'",
        f"CREATE ROLE IF NOT EXISTS {WORKER}{on}",
        f"CREATE ROLE IF NOT EXISTS {ADMIN}{on}",
        f"GRANT{on} SELECT, SHOW TABLES, SHOW COLUMNS ON {DATABASE}.* TO {READER}, {WORKER}, {ADMIN}",
        f"GRANT{on} INSERT ON {DATABASE}.* TO {WORKER}, {ADMIN}",
        # Rows are deleted when a customer is forgotten.
        f"GRANT{on} ALTER DELETE ON {DATABASE}.* TO {WORKER}",
        f"REVOKE{on} INSERT, ALTER DELETE ON {DATABASE}.migrations FROM {WORKER}",
        f"GRANT{on} CREATE DATABASE, CREATE TABLE, CREATE VIEW, ALTER, DROP TABLE, DROP VIEW, TRUNCATE "
        f"ON {DATABASE}.* TO {ADMIN}",
    ]
    if cluster:
        made += [
            f"GRANT{on} CLUSTER, REMOTE ON *.* TO {WORKER}, {ADMIN}",
            f"GRANT{on} REMOTE ON *.* TO {READER}",
        ]
    return made
