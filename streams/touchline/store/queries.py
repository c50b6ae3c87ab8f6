"""The worker's SQL: its queries, its deletions, and the columns that become records."""

from touchline.vocabulary.identifiers import UNIQUE_KIND
from touchline.vocabulary.internal import IS_TOUCHPOINT

# The engine writes an event as the log has it, so that it is decoded once, straight into Event.
EVENT_JSON = """concat('{"id":', toJSONString(id), ',"type":', toJSONString(type),
    ',"time":', toString(toUnixTimestamp64Milli(time)),
    ',"received_at":', toString(toUnixTimestamp64Milli(received_at)),
    ',"channel":', toJSONString(channel), ',"source":', toJSONString(source),
    ',"producer":', toJSONString(producer), ',"identifiers":', toJSONString(identifiers),
    ',"data":', data, ',"context":', context, ',"schema":', toString(schema), '}')"""
"""A row of `events` as the JSON of an `Event`."""

ENTRY_COLUMNS = "id, toUnixTimestamp64Milli(at) AS at, who, what, identifiers, hashes, salt, reason"
"""A row of `ledger` as the fields of an `Entry`."""


def _list(name: str, kind: str = "String") -> str:
    """A subquery of the values of a parameter that is a JSON list."""
    # A subquery runs once. A constant of more than 1 MiB would be evaluated for every row.
    return f"(SELECT arrayJoin(JSONExtract({{{name}:String}}, 'Array({kind})')))"


EVENTS = (
    f"SELECT {EVENT_JSON} FROM events "  # noqa: S608 - a constant
    f"WHERE entity IN {_list('entities')}"
)
NAMED = f" AND id IN {_list('ids')}"
LATER = " AND time > fromUnixTimestamp64Milli({later_than:Int64})"
STORED = f"""
SELECT id, log_offset FROM events WHERE id IN {_list("ids")}
ORDER BY log_offset DESC
"""  # noqa: S608 - constants
# Not FINAL, which reads all columns of every granule: most of these customers have no rows. Rows lie by week,
# and replace each other in it.
FRICTIONS = f"""
SELECT * REPLACE (toUnixTimestamp64Milli(opened_at) AS opened_at,
    toUnixTimestamp64Milli(detected_at) AS detected_at, toUnixTimestamp64Milli(resolved_at) AS resolved_at)
FROM (
    SELECT * FROM frictions PREWHERE customer IN {_list("customers", "UUID")}
    ORDER BY version DESC LIMIT 1 BY toMonday(opened_at), customer, id
)
WHERE status != 'retracted'
"""  # noqa: S608 - constants
RETRACTED = "OR (announced = version AND version > {after:UInt64})"
ANNOUNCED = f"""
SELECT friction, customer, max(change.version) AS version, argMax(change.status, change.version) AS status
FROM friction_changes AS change WHERE friction IN {_list("frictions", "UUID")} GROUP BY friction, customer
"""  # noqa: S608 - constants
JOURNEYS = f"""
SELECT * REPLACE (toUnixTimestamp64Milli(start) AS start, toUnixTimestamp64Milli(last) AS last,
    arrayMap(begun -> toUnixTimestamp64Milli(begun), way_begun) AS way_begun,
    toUnixTimestamp64Milli(due_at) AS due_at)
FROM (
    SELECT * FROM journeys PREWHERE customer IN {_list("customers", "UUID")}
    ORDER BY version DESC LIMIT 1 BY toMonday(last), customer, id
)
WHERE NOT superseded
"""  # noqa: S608 - constants
# Not FINAL, and only the identities of these customers: most customers have nothing pending.
DUE = """
SELECT entity, customer, toUnixTimestamp64Milli(due) AS due_at
FROM (
    SELECT entity, customer FROM identities PREWHERE customer IN (
        SELECT customer FROM journeys WHERE due_at IS NOT NULL
    )
) AS named
JOIN (
    SELECT customer, min(assumeNotNull(due_at)) AS due FROM (
        SELECT customer, id, due_at, superseded FROM journeys PREWHERE customer IN (
            SELECT customer FROM journeys WHERE due_at IS NOT NULL
        )
        ORDER BY version DESC LIMIT 1 BY toMonday(last), customer, id
    )
    WHERE NOT superseded AND due_at IS NOT NULL GROUP BY customer
) AS pending ON pending.customer = named.customer
"""
LAST_VERSION = """
SELECT max(last) FROM (
    SELECT max(version) AS last FROM identities UNION ALL
    SELECT max(version) FROM frictions UNION ALL SELECT max(version) FROM journeys UNION ALL
    SELECT max(version) FROM ledger UNION ALL SELECT max(position) FROM friction_changes
)
"""
NEWEST = f"""
SELECT toUnixTimestamp64Milli(max(at)) FROM (
    SELECT maxOrNull(time) AS at FROM events WHERE {IS_TOUCHPOINT}
    UNION ALL SELECT maxOrNull(opened_at) FROM current_frictions
)
"""  # noqa: S608 - constants
SETS_OF = f"""
SELECT DISTINCT identifiers FROM events WHERE entity IN {_list("entities")}
"""  # noqa: S608 - constants
SETS_BESIDES = f"""
SELECT DISTINCT identifiers FROM events WHERE entity IN {_list("entities")} AND id NOT IN {_list("ids")}
"""  # noqa: S608 - constants
# The strongest identifier of an event is its entity.
SOME_SETS_OF = SETS_OF + "LIMIT {most:UInt64} BY identifiers[1]"
SETS_NAMING = f"""
SELECT DISTINCT identifiers FROM occurrences
WHERE identifier IN {_list("identifiers")}
"""  # noqa: S608 - constants
# A row can be there twice until parts are merged; it counts once.
SOME_SETS_NAMING = f"""
SELECT DISTINCT identifiers FROM (
    SELECT DISTINCT identifier, identifiers FROM occurrences WHERE identifier IN {_list("identifiers")}
    LIMIT {{most:UInt64}} BY identifier, startsWith(identifiers[1], '{UNIQUE_KIND}:')
)
"""  # noqa: S608 - constants
# Uses the keys of the table and of its projection: `current_identities` would read the whole table.
IDENTITIES_OF = f"""
WITH owners AS (
    SELECT DISTINCT customer FROM (
        SELECT entity, argMax(customer, version) AS customer FROM identities
        WHERE entity IN {_list("entities")} GROUP BY entity
    )
)
SELECT groupArray(entity) FROM (
    SELECT entity, argMax(customer, version) AS owner FROM identities
    WHERE entity IN (SELECT entity FROM identities WHERE customer IN owners)
    GROUP BY entity HAVING owner IN owners
)
GROUP BY owner
"""  # noqa: S608 - constants
# Each set has a row for every identifier in it: the row of its first identifier is enough.
KNOWN_SETS = f"""
SELECT DISTINCT identifiers FROM occurrences
PREWHERE identifier IN (SELECT arrayJoin(JSONExtract({{sets:String}}, 'Array(Array(String))'))[1])
WHERE identifiers IN {_list("sets", "Array(String)")}
"""  # noqa: S608 - constants
LAW_IN_FORCE = "SELECT fingerprint FROM identity_laws ORDER BY in_force_at DESC LIMIT 1"
# Grouped in the order of the table's key, so that the engine holds one identifier at a time; a sort that is
# large goes by way of the disk.
IDENTITIES = """
SELECT entity, argMax(customer, version) AS customer FROM identities GROUP BY entity ORDER BY customer
SETTINGS optimize_aggregation_in_order = 1, max_bytes_before_external_sort = 200000000
"""
IDENTITY_COUNT = "SELECT uniqExact(entity) FROM identities"
NEWEST_IN_FORCE = "SELECT toUnixTimestamp64Milli(max(in_force_at)) FROM {}"
RULES_IN_FORCE = "SELECT fingerprint FROM rule_sets ORDER BY in_force_at DESC LIMIT 1"
COLUMNS = """
SELECT table, name, type FROM system.columns
WHERE database = currentDatabase() AND default_kind != 'MATERIALIZED' AND table IN (
    SELECT name FROM system.tables
    WHERE database = currentDatabase() AND (engine LIKE '%MergeTree' OR engine = 'Distributed')
)
"""
LEDGER = f"SELECT {ENTRY_COLUMNS} FROM ledger FINAL"  # noqa: S608 - a constant

# The engine rewrites the parts and their projections without the rows, so no trace of them remains.
DELETE_EVENTS = """
ALTER TABLE {} DELETE WHERE entity IN JSONExtract({{entities:String}}, 'Array(String)')
    AND hasAny(identifiers, JSONExtract({{naming:String}}, 'Array(String)'))
SETTINGS mutations_sync = 2
"""
NAMING = """
SELECT DISTINCT entity FROM events WHERE hasAny(identifiers, JSONExtract({naming:String}, 'Array(String)'))
"""
DELETE_SETS = """
ALTER TABLE {} DELETE WHERE hasAny(identifiers, JSONExtract({{naming:String}}, 'Array(String)'))
SETTINGS mutations_sync = 2
"""
WITHDRAW_EVENTS = """
ALTER TABLE {} DELETE WHERE entity IN JSONExtract({{entities:String}}, 'Array(String)')
    AND id IN JSONExtract({{ids:String}}, 'Array(String)')
SETTINGS mutations_sync = 2
"""
WITHDRAW_SETS = """
ALTER TABLE {} DELETE WHERE identifiers IN JSONExtract({{sets:String}}, 'Array(Array(String))')
SETTINGS mutations_sync = 2
"""
DELETE = """
ALTER TABLE {} DELETE WHERE toString({}) IN JSONExtract({{keys:String}}, 'Array(String)')
SETTINGS mutations_sync = 2
"""
DELETE_KEYS = {
    "identities": "entity",
    "frictions": "customer",
    "friction_changes": "customer",
    "segment_members": "customer",
    "journeys": "customer",
    "ledger": "id",
    "quarantine": "id",
}
