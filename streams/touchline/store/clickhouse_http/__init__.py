"""ClickHouse's HTTP protocol in front of the embedded store: read-only, or also for writers and admins."""

from touchline.store.clickhouse_http.front import PATH, clickhouse_mount, store_app
from touchline.store.clickhouse_http.roles import Role, Roles, password_of

__all__ = ["PATH", "Role", "Roles", "clickhouse_mount", "password_of", "store_app"]
