"""The migrations for a cluster: each statement for a single server, rewritten for all nodes.

Large tables are sharded by entity or customer, so that rows that are read together are on one shard: each
shard stores its rows in `<table>_local`, on replicas, and the Distributed table `<table>` reads all shards.
All other tables are small, or read as a whole: every node holds all their rows, under the table's own name.
"""

from touchline.store.handles.handle import DATABASE
from touchline.store.sql.tokens import Token, split, tokens

SHARDED_BY = {
    "events": "entity",
    "identities": "entity",
    "frictions": "customer",
    "journeys": "customer",
    "quarantine": "id",
    "accounts": "id",
    # Of a migration, which gives them the names of others, or drops them.
    "frictions_before": "customer",
    "frictions_by_week": "customer",
    "journeys_before": "customer",
    "journeys_by_week": "customer",
}
"""The sharded tables, and the column by which each is sharded."""

READ_SETTINGS = {"distributed_product_mode": "global", "enable_materialized_cte": 0}
"""Settings of all queries: the result of a subquery is sent to all shards, which know no other's CTE."""

WORKER_SETTINGS = {
    "insert_quorum": "auto",
    "insert_quorum_parallel": 0,
    "select_sequential_consistency": 1,
    "distributed_foreground_insert": 1,
    "mutations_sync": 2,
    **READ_SETTINGS,
}
"""Settings of the worker's requests: a write returns once most replicas have it; every later read sees it."""

_CREATE = ["create", "table", "if", "not", "exists"]
_DROP = ["drop", "table", "if", "exists"]
_RENAME = ["rename", "table", "if", "exists"]
_COPIED = "_before"
"""The end of the name of a sharded table whose rows a migration has copied: no other is dropped."""

_VIEWS = (["create", "view", "if", "not", "exists"], ["create", "or", "replace", "view"])


def mutation_target(table: str, cluster: str) -> str:
    """The table as a mutation names it: the table that stores the rows, on all nodes of a cluster."""
    if not cluster:
        return table
    return (
        f"{table}_local ON CLUSTER '{cluster}'" if table in SHARDED_BY else f"{table} ON CLUSTER '{cluster}'"
    )


def statements(sql: str, cluster: str) -> list[str]:
    """The statements of a migration, for a single server (`cluster` empty) or for a cluster.

    Raises:
        ValueError: a statement has no known form for a cluster.
    """
    if not cluster:
        return split(sql)
    return [rewritten for statement in split(sql) for rewritten in _on_cluster(statement, cluster)]


def create_database(cluster: str) -> str:
    """The statement that creates the database."""
    return f"CREATE DATABASE IF NOT EXISTS {DATABASE}" + (f" ON CLUSTER '{cluster}'" if cluster else "")


def _on_cluster(statement: str, cluster: str) -> list[str]:
    parsed = list(tokens(statement))
    words = [token.text if token.kind == "word" else "" for token in parsed]
    if words[:5] == _CREATE:
        return _create_table(statement, parsed, cluster)
    for view in _VIEWS:
        if words[: len(view)] == view:
            return [_insert_after(statement, parsed[len(view)], f" ON CLUSTER '{cluster}'")]
    if words[:2] == ["alter", "table"]:
        return _alter_table(statement, parsed, cluster)
    if words[:4] == _DROP and (parsed[4].text not in SHARDED_BY or parsed[4].text.endswith(_COPIED)):
        return _drop_table(parsed[4].text, cluster)
    if words[:4] == _RENAME:
        return _rename_table(parsed[4].text, parsed[6].text, cluster)
    if words[:2] == ["insert", "into"]:
        # Runs once: it reads all shards, and its rows reach all replicas.
        return [statement]
    raise ValueError(f"this statement has no known form for a cluster: {statement[:80]!r}")


def _create_table(statement: str, parsed: list[Token], cluster: str) -> list[str]:
    name = parsed[5].text
    shard = SHARDED_BY.get(name)
    path, replica = ("{shard}/", "{replica}") if shard else ("", "{shard}-{replica}")
    # A table that is renamed may be made again under its first name, so its path has a part of its own.
    own = "/{uuid}" if name.endswith("_by_week") else ""
    arguments = f"'/clickhouse/tables/{path}{DATABASE}/{name}{own}', '{replica}'"
    engine = next(
        index
        for index, token in enumerate(parsed)
        if token.kind == "word" and token.text == "engine" and parsed[index + 1].text == "="
    )
    kind = parsed[engine + 2]
    engine_name = statement[kind.start : kind.start + len(kind.text)]
    rest = statement[kind.start + len(kind.text) :]
    if rest.startswith("("):
        arguments, rest = f"({arguments}, ", rest[1:]
    else:
        arguments = f"({arguments})"
    rest = rest.replace("non_replicated_deduplication_window", "replicated_deduplication_window")
    suffix = "_local" if shard else ""
    head = _insert_after(statement[: kind.start], parsed[5], f"{suffix} ON CLUSTER '{cluster}'")
    created = [f"{head}Replicated{engine_name}{arguments}{rest}"]
    if shard:
        created.append(_distributed(name, cluster))
    return created


def _distributed(name: str, cluster: str) -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS {name} ON CLUSTER '{cluster}' AS {name}_local\n"
        f"ENGINE = Distributed('{cluster}', '{DATABASE}', '{name}_local', sipHash64({SHARDED_BY[name]}))"
    )


def _drop_table(name: str, cluster: str) -> list[str]:
    local = [f"DROP TABLE IF EXISTS {name}_local ON CLUSTER '{cluster}' SYNC"] if name in SHARDED_BY else []
    return [f"DROP TABLE IF EXISTS {name} ON CLUSTER '{cluster}'", *local]


def _rename_table(name: str, new: str, cluster: str) -> list[str]:
    """The rows keep their path at the coordinator; the Distributed table names them, so it is made anew."""
    if name not in SHARDED_BY:
        return [f"RENAME TABLE IF EXISTS {name} TO {new} ON CLUSTER '{cluster}'"]
    return [
        f"RENAME TABLE IF EXISTS {name}_local TO {new}_local ON CLUSTER '{cluster}'",
        f"DROP TABLE IF EXISTS {name} ON CLUSTER '{cluster}'",
        _distributed(new, cluster),
    ]


def _alter_table(statement: str, parsed: list[Token], cluster: str) -> list[str]:
    name = parsed[2]
    rest = statement[name.start + len(name.text) :].replace("non_replicated_", "replicated_")
    altered = [f"ALTER TABLE {mutation_target(name.text, cluster)}{rest}"]
    # The Distributed table has columns, but no rows, settings, indexes or projections.
    if name.text in SHARDED_BY and parsed[4].text == "column" and parsed[3].text != "materialize":
        altered.append(f"ALTER TABLE {name.text} ON CLUSTER '{cluster}'{rest}")
    return altered


def _insert_after(statement: str, token: Token, text: str) -> str:
    end = token.start + len(token.text)
    return statement[:end] + text + statement[end:]
