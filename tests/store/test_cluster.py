"""The migrations for a ClickHouse cluster and the roles of a server, read by the engine."""

import re
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from touchline.store import Store, queries
from touchline.store.address import Address
from touchline.store.handles.embedded import EmbeddedHandle
from touchline.store.handles.server import ServerHandle
from touchline.store.migrations.cluster import SHARDED_BY, WORKER_SETTINGS, mutation_target, statements
from touchline.store.migrations.grants import grants
from touchline.store.migrations.migrate import script
from touchline.store.pools.read_pool import ReadPool
from touchline.store.sql.tokens import split
from touchline.tables import DESK_TABLES, migrations

TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")


def parsed(store: Store, statement: str) -> str:
    """The statement as the engine understands it."""
    answer = store.query("SELECT formatQuerySingleLine({sql:String})", {"sql": statement})
    return str(answer.result_rows[0][0])


def made(cluster: str) -> dict[str, str]:
    """The statements that make tables, by table."""
    return {found[1]: one for one in script(migrations(), cluster) if (found := TABLE.search(one))}


def test_the_engine_reads_every_statement(store: Store) -> None:
    """What is sent to a cluster is SQL, to the last migration and role, and names the cluster."""
    for statement in (*script(migrations(), "here"), *grants("here"), *grants()):
        assert parsed(store, statement)
    for statement in (*script(migrations(), "here"), *grants("here")):
        # Rows of one node come to all of them.
        whole = parsed(store, statement)
        assert "ON CLUSTER" in whole or whole.startswith(
            ("INSERT INTO occurrences", "INSERT INTO frictions_by_week", "INSERT INTO journeys_by_week")
        )


def test_every_table_is_kept_by_replicas(store: Store) -> None:
    """Large tables are cut by entity or customer, and reached by their name; others are whole everywhere."""
    single, cluster = made(""), made("here")
    assert set(SHARDED_BY) <= set(single)
    assert set(cluster) == set(single) | {f"{name}_local" for name in SHARDED_BY}
    for name in single:
        rows = parsed(store, cluster[f"{name}_local" if name in SHARDED_BY else name])
        assert "ENGINE = Replicated" in rows
        assert "non_replicated" not in rows
        assert ("'/clickhouse/tables/{shard}/" in rows) == (name in SHARDED_BY)
        if name in SHARDED_BY:
            assert f"sipHash64({SHARDED_BY[name]})" in parsed(store, cluster[name])


def test_rows_of_one_key_are_on_one_shard() -> None:
    """The column that chooses the shard is of the key by which rows replace each other."""
    for name, column in SHARDED_BY.items():
        found = re.search(r"^ORDER BY (.+)", made("")[name], re.MULTILINE)
        assert found is not None
        assert column in re.findall(r"\w+", found[1])


def test_one_server_gets_the_migrations_as_they_are() -> None:
    """Without a cluster nothing is changed in them."""
    for migration in migrations():
        assert statements(migration.sql, "") == split(migration.sql)


def test_changes_of_tables_go_to_the_rows(store: Store) -> None:
    """A column is added to both tables; indexes and rows are of the local one; unknown ones are refused."""
    column = statements("ALTER TABLE events ADD COLUMN IF NOT EXISTS more String", "here")
    assert [parsed(store, statement) for statement in column] == [
        "ALTER TABLE events_local ON CLUSTER here (ADD COLUMN IF NOT EXISTS `more` String)",
        "ALTER TABLE events ON CLUSTER here (ADD COLUMN IF NOT EXISTS `more` String)",
    ]
    assert statements("ALTER TABLE events MATERIALIZE COLUMN more", "here") == [
        "ALTER TABLE events_local ON CLUSTER 'here' MATERIALIZE COLUMN more"
    ]
    index = "ALTER TABLE events ADD INDEX IF NOT EXISTS i type TYPE minmax"
    assert len(statements(index, "here")) == 1
    assert statements("ALTER TABLE ledger ADD COLUMN a String", "here") == [
        "ALTER TABLE ledger ON CLUSTER 'here' ADD COLUMN a String"
    ]
    assert statements("DROP TABLE IF EXISTS links", "here") == [
        "DROP TABLE IF EXISTS links ON CLUSTER 'here'"
    ]
    with pytest.raises(ValueError, match="no known form for a cluster"):
        statements("DROP TABLE IF EXISTS events", "here")
    with pytest.raises(ValueError, match="no known form for a cluster"):
        statements("CREATE DICTIONARY d (a UInt8) PRIMARY KEY a", "here")


def test_a_table_that_takes_the_name_of_another_keeps_its_rows(store: Store) -> None:
    """The rows are renamed with it; what reads all shards is made anew, since it names the rows."""
    dropped = statements("DROP TABLE IF EXISTS journeys_before", "here")
    renamed = statements("RENAME TABLE IF EXISTS journeys_by_week TO journeys", "here")
    assert [parsed(store, statement) for statement in (*dropped, *renamed)] == [
        "DROP TABLE IF EXISTS journeys_before ON CLUSTER here",
        "DROP TABLE IF EXISTS journeys_before_local ON CLUSTER here SYNC",
        "RENAME TABLE IF EXISTS journeys_by_week_local TO journeys_local ON CLUSTER here",
        "DROP TABLE IF EXISTS journeys_by_week ON CLUSTER here",
        "CREATE TABLE IF NOT EXISTS journeys ON CLUSTER here AS journeys_local "
        "ENGINE = Distributed('here', 'touchline', 'journeys_local', sipHash64(customer))",
    ]
    assert "/touchline/journeys_by_week/{uuid}'" in made("here")["journeys_by_week_local"]
    assert statements("RENAME TABLE IF EXISTS a TO b", "here") == [
        "RENAME TABLE IF EXISTS a TO b ON CLUSTER 'here'"
    ]


def test_deletions_go_to_the_rows_as_well(store: Store) -> None:
    """A customer is forgotten on every shard and every replica."""
    for table in ("identities", "frictions", "journeys", "ledger"):
        sql = queries.DELETE.format(mutation_target(table, "here"), queries.DELETE_KEYS[table])
        named = f"{table}_local" if table in SHARDED_BY else table
        assert f"ALTER TABLE {named} ON CLUSTER here" in parsed(store, sql)
    assert "events_local ON CLUSTER here" in parsed(
        store, queries.DELETE_EVENTS.format(mutation_target("events", "here"))
    )


def test_the_engine_knows_the_workers_settings(store: Store) -> None:
    """The engine knows every setting that workers send."""
    known = {row[0] for row in store.query("SELECT name FROM system.settings").result_rows}
    assert set(WORKER_SETTINGS) <= known


def test_readers_keep_subqueries_except_in_a_cluster(store: Store) -> None:
    """A subquery that is named twice is computed once, for the page and for both roles that read."""
    assert store.query("SELECT getSetting('enable_materialized_cte')").result_rows == [[True]]
    for cluster, kept in (("", 1), ("here", 0)):
        profiles = [one for one in grants(cluster) if one.startswith("CREATE SETTINGS PROFILE")]
        assert len(profiles) == 2
        assert all(f"enable_materialized_cte = '{kept}'" in one for one in profiles)


def test_roles_have_the_least_rights() -> None:
    """Only worker and admin write all tables, the page the desk's; only the admin makes tables."""
    given = [one for one in grants() if one.startswith("GRANT")]
    writing = [one for one in given if re.search(r"INSERT|ALTER|CREATE|DROP|TRUNCATE", one)]
    assert all("touchline_reader" not in one for one in writing)
    pages = [one for one in writing if "touchline_page" in one]
    assert pages == [f"GRANT INSERT ON touchline.{table} TO touchline_page" for table in DESK_TABLES]
    defining = [one for one in given if re.search(r"CREATE|DROP|TRUNCATE", one)]
    assert all("touchline_worker" not in one for one in defining)
    assert any(
        one.startswith("REVOKE INSERT") and "migrations FROM touchline_worker" in one for one in grants()
    )


def test_an_insert_is_retried_while_the_cluster_is_busy(store: Store, tmp_path: Path) -> None:
    """An insert that meets a busy cluster is retried with the same token."""
    tokens: list[str] = []
    readers = ReadPool(lambda: EmbeddedHandle(tmp_path / "store"), 1, 5.0, 30.0)

    class Cluster(BaseHTTPRequestHandler):
        """A store, save that the first two inserts find another one under way."""

        def do_POST(self) -> None:
            sql = self.rfile.read(int(self.headers["Content-Length"]))
            if sql.startswith(b"INSERT"):
                tokens.append(parse_qs(urlsplit(self.path).query)["insert_deduplication_token"][0])
                self.say(500 if len(tokens) < 3 else 200, b"Code: 286. DB::Exception: Another quorum insert")
            else:
                self.say(200, readers.reply(sql.decode(), "TabSeparated", None, None).body)

        def say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            if status == 500:
                self.send_header("X-ClickHouse-Exception-Code", "286")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Cluster) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with closing(ServerHandle(Address(f"http://127.0.0.1:{server.server_port}"))) as handle:
            handle.insert("events", ["id"], b"", {"insert_deduplication_token": "t"})
        server.shutdown()
        thread.join(10)
    readers.close()
    assert tokens == ["t", "t", "t"]
