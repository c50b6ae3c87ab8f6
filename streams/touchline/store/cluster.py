"""The same migrations for a cluster: what is said of one server's table is said of all of its parts.

A large table is cut by an entity or a customer, so that what belongs together stays together: each shard
keeps its rows in `<table>_local`, on replicas, and `<table>` is the way to all of them. Every other table
is small, or read as a whole: each node has all of it, under its own name.
"""

from touchline.store.engine import DATABASE
from touchline.store.statement import Kind, Token, split, tokens

SHARDED_BY = {
    "events": "entity",
    "identities": "entity",
    "frictions": "customer",
    "journeys": "customer",
    "quarantine": "id",
    "accounts": "id",
}
"""The large tables, and the column whose values keep rows together."""

READING = {"distributed_product_mode": "global"}
"""Of everyone's queries: what a query inside a query finds is handed to all shards."""

SETTINGS = {
    "insert_quorum": "auto",
    "insert_quorum_parallel": 0,
    "select_sequential_consistency": 1,
    "distributed_foreground_insert": 1,
    "mutations_sync": 2,
    **READING,
}
"""Of the worker's requests: a row is written once most replicas have it, and then everyone reads it."""

_CREATE = ["create", "table", "if", "not", "exists"]
_DROP = ["drop", "table", "if", "exists"]
_VIEWS = (["create", "view", "if", "not", "exists"], ["create", "or", "replace", "view"])


def local(table: str, cluster: str) -> str:
    """The table as a statement names it that goes to the rows themselves, such as a deletion."""
    if not cluster:
        return table
    return (
        f"{table}_local ON CLUSTER '{cluster}'" if table in SHARDED_BY else f"{table} ON CLUSTER '{cluster}'"
    )


def statements(sql: str, cluster: str) -> list[str]:
    """The statements of a migration, for one server, or for a cluster where one is named.

    Raises:
        ValueError: a statement of which it is not known what it means for a cluster.
    """
    if not cluster:
        return split(sql)
    return [one for statement in split(sql) for one in _on_cluster(statement, cluster)]


def database(cluster: str) -> str:
    """The statement that makes the database."""
    return f"CREATE DATABASE IF NOT EXISTS {DATABASE}" + (f" ON CLUSTER '{cluster}'" if cluster else "")


def _on_cluster(statement: str, cluster: str) -> list[str]:
    found = list(tokens(statement))
    words = [token.text if token.kind is Kind.WORD else "" for token in found]
    if words[:5] == _CREATE:
        return _table(statement, found, cluster)
    for view in _VIEWS:
        if words[: len(view)] == view:
            return [_after(statement, found[len(view)], f" ON CLUSTER '{cluster}'")]
    if words[:2] == ["alter", "table"]:
        return _alter(statement, found, cluster)
    if words[:4] == _DROP and found[4].text not in SHARDED_BY:
        return [_after(statement, found[4], f" ON CLUSTER '{cluster}'")]
    if words[:2] == ["insert", "into"]:
        # Once is enough: it reads from all shards, and what it writes comes to all replicas.
        return [statement]
    raise ValueError(f"it is not known what this means for a cluster: {statement[:80]!r}")


def _table(statement: str, found: list[Token], cluster: str) -> list[str]:
    name = found[5].text
    shard = SHARDED_BY.get(name)
    place, replica = ("{shard}/", "{replica}") if shard else ("", "{shard}-{replica}")
    path = f"'/clickhouse/tables/{place}{DATABASE}/{name}', '{replica}'"
    engine = next(
        number
        for number, token in enumerate(found)
        if token.text == "engine" and found[number + 1].text == "=" and token.kind is Kind.WORD
    )
    kind = found[engine + 2]
    written = statement[kind.start : kind.start + len(kind.text)]
    behind = statement[kind.start + len(kind.text) :]
    if behind.startswith("("):
        arguments, behind = f"({path}, ", behind[1:]
    else:
        arguments = f"({path})"
    behind = behind.replace("non_replicated_deduplication_window", "replicated_deduplication_window")
    before = _after(statement[: kind.start], found[5], f" ON CLUSTER '{cluster}'", "_local" if shard else "")
    made = [f"{before}Replicated{written}{arguments}{behind}"]
    if shard:
        made.append(
            f"CREATE TABLE IF NOT EXISTS {name} ON CLUSTER '{cluster}' AS {name}_local\n"
            f"ENGINE = Distributed('{cluster}', '{DATABASE}', '{name}_local', sipHash64({shard}))"
        )
    return made


def _alter(statement: str, found: list[Token], cluster: str) -> list[str]:
    name = found[2]
    behind = statement[name.start + len(name.text) :].replace("non_replicated_", "replicated_")
    made = [f"ALTER TABLE {local(name.text, cluster)}{behind}"]
    # The way to all shards has columns, and nothing else of its own.
    if name.text in SHARDED_BY and found[4].text == "column":
        made.append(f"ALTER TABLE {name.text} ON CLUSTER '{cluster}'{behind}")
    return made


def _after(statement: str, token: Token, words: str, ending: str = "") -> str:
    end = token.start + len(token.text)
    return statement[:end] + ending + words + statement[end:]
