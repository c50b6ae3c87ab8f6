"""Roles of a ClickHouse server: the least rights that each part of Touchline needs.

The collector has no role: it uses only the log.
"""

from touchline.store.handles.handle import DATABASE
from touchline.store.migrations.cluster import READ_SETTINGS as CLUSTER_READ_SETTINGS
from touchline.store.pools.read_pool import LIMITS
from touchline.tables import DESK_TABLES

READER, PAGE = "touchline_reader", "touchline_page"
WORKER, ADMIN = "touchline_worker", "touchline_admin"


def grants(cluster: str = "") -> list[str]:
    """The statements that create the roles. They can be run again.

    An administrator creates the users: `CREATE USER … DEFAULT ROLE touchline_worker`.
    """
    on = f" ON CLUSTER '{cluster}'" if cluster else ""
    # Readers may lower these limits, and change no other setting.
    limits = ", ".join(f"{name} = {value} MAX {value}" for name, value in LIMITS.items())
    kept = CLUSTER_READ_SETTINGS if cluster else {"enable_materialized_cte": 1}
    limits += "".join(f", {name} = '{value}'" for name, value in kept.items())
    roles = [
        f"CREATE SETTINGS PROFILE IF NOT EXISTS {READER}{on} SETTINGS {limits}, readonly = 2 READONLY",
        f"CREATE ROLE IF NOT EXISTS {READER}{on} SETTINGS PROFILE '{READER}'",
        # As a reader, but `readonly` would also refuse what people write on the page.
        f"CREATE SETTINGS PROFILE IF NOT EXISTS {PAGE}{on} SETTINGS {limits}",
        f"CREATE ROLE IF NOT EXISTS {PAGE}{on} SETTINGS PROFILE '{PAGE}'",
        f"CREATE ROLE IF NOT EXISTS {WORKER}{on}",
        f"CREATE ROLE IF NOT EXISTS {ADMIN}{on}",
        f"GRANT{on} SELECT, SHOW TABLES, SHOW COLUMNS ON {DATABASE}.* TO {READER}, {PAGE}, {WORKER}, {ADMIN}",
        *(f"GRANT{on} INSERT ON {DATABASE}.{table} TO {PAGE}" for table in DESK_TABLES),
        f"GRANT{on} INSERT ON {DATABASE}.* TO {WORKER}, {ADMIN}",
        # Rows are deleted when a customer is forgotten.
        f"GRANT{on} ALTER DELETE ON {DATABASE}.* TO {WORKER}",
        f"REVOKE{on} INSERT, ALTER DELETE ON {DATABASE}.migrations FROM {WORKER}",
        f"GRANT{on} CREATE DATABASE, CREATE TABLE, CREATE VIEW, ALTER, DROP TABLE, DROP VIEW, TRUNCATE "
        f"ON {DATABASE}.* TO {ADMIN}",
    ]
    if cluster:
        roles += [
            f"GRANT{on} CLUSTER, REMOTE ON *.* TO {WORKER}, {ADMIN}",
            f"GRANT{on} REMOTE ON *.* TO {READER}, {PAGE}",
        ]
    return roles
