"""What the store is asked, in SQL: every statement of the worker's, and how a row becomes a record."""

# The database puts an event together as the log has it; nothing is decoded but once, straight into Event.
EVENT_JSON = """concat('{"id":', toJSONString(id), ',"type":', toJSONString(type),
    ',"time":', toString(toUnixTimestamp64Milli(time)),
    ',"received_at":', toString(toUnixTimestamp64Milli(received_at)),
    ',"channel":', toJSONString(channel), ',"source":', toJSONString(source),
    ',"producer":', toJSONString(producer), ',"identifiers":', toJSONString(identifiers),
    ',"data":', data, ',"context":', context, ',"schema":', toString(schema), '}')"""
"""A row of `events` as the JSON of an `Event`."""

ENTRY_COLUMNS = "id, toUnixTimestamp64Milli(at) AS at, who, what, identifiers, hashes, salt, reason"
"""A row of `ledger` as the fields of an `Entry`."""


def _given(name: str, kind: str = "String") -> str:
    """The values of a parameter that is a list in JSON, to be looked for."""
    # A subquery is worked out once. As a constant, more than 1 MiB would be for every row that is read.
    return f"(SELECT arrayJoin(JSONExtract({{{name}:String}}, 'Array({kind})')))"


EVENTS = (
    f"SELECT {EVENT_JSON} FROM events "  # noqa: S608 - a constant
    f"WHERE entity IN {_given('entities')}"
)
LATER = " AND time > fromUnixTimestamp64Milli({later_than:Int64})"
STORED = f"""
SELECT id, log_offset FROM events WHERE id IN {_given("ids")}
ORDER BY log_offset DESC
"""  # noqa: S608 - constants
# Not FINAL, which reads all columns of every granule: of most customers asked for there are no rows.
FRICTIONS = f"""
SELECT * REPLACE (toUnixTimestamp64Milli(opened_at) AS opened_at,
    toUnixTimestamp64Milli(detected_at) AS detected_at, toUnixTimestamp64Milli(resolved_at) AS resolved_at)
FROM (
    SELECT * FROM frictions PREWHERE customer IN {_given("customers", "UUID")}
    ORDER BY version DESC LIMIT 1 BY customer, id
)
WHERE status != 'retracted'
"""  # noqa: S608 - constants
JOURNEYS = f"""
SELECT * REPLACE (toUnixTimestamp64Milli(start) AS start, toUnixTimestamp64Milli(last) AS last,
    toUnixTimestamp64Milli(due_at) AS due_at)
FROM (
    SELECT * FROM journeys PREWHERE customer IN {_given("customers", "UUID")}
    ORDER BY version DESC LIMIT 1 BY customer, id
)
WHERE NOT superseded
"""  # noqa: S608 - constants
# Not FINAL, and no row of identities but theirs: of most customers nothing is pending.
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
        ORDER BY version DESC LIMIT 1 BY customer, id
    )
    WHERE NOT superseded AND due_at IS NOT NULL GROUP BY customer
) AS pending ON pending.customer = named.customer
"""
LAST_VERSION = """
SELECT max(last) FROM (
    SELECT max(version) AS last FROM identities UNION ALL
    SELECT max(version) FROM frictions UNION ALL SELECT max(version) FROM journeys UNION ALL
    SELECT max(version) FROM ledger
)
"""
NEWEST = """
SELECT toUnixTimestamp64Milli(max(at)) FROM (
    SELECT maxOrNull(time) AS at FROM events UNION ALL SELECT maxOrNull(opened_at) FROM current_frictions
)
"""
SETS = "SELECT DISTINCT identifiers FROM events WHERE length(identifiers) > 1"
SETS_OF = f"""
SELECT DISTINCT identifiers FROM events WHERE entity IN {_given("entities")}
"""  # noqa: S608 - constants
SETS_NAMING = f"""
SELECT DISTINCT identifiers FROM occurrences
WHERE identifier IN {_given("identifiers")}
"""  # noqa: S608 - constants
# By the keys of the table and of its projection: `current_identities` would read all of it.
IDENTITIES_OF = f"""
WITH owners AS (
    SELECT DISTINCT customer FROM (
        SELECT entity, argMax(customer, version) AS customer FROM identities
        WHERE entity IN {_given("entities")} GROUP BY entity
    )
)
SELECT groupArray(entity) FROM (
    SELECT entity, argMax(customer, version) AS owner FROM identities
    WHERE entity IN (SELECT entity FROM identities WHERE customer IN owners)
    GROUP BY entity HAVING owner IN owners
)
GROUP BY owner
"""  # noqa: S608 - constants
ALL_SETS = "SELECT DISTINCT identifiers FROM occurrences WHERE identifier = identifiers[1]"
# Each set has a row for every identifier in it: the row of its first identifier is enough.
KNOWN_SETS = f"""
SELECT DISTINCT identifiers FROM occurrences
PREWHERE identifier IN (SELECT arrayJoin(JSONExtract({{sets:String}}, 'Array(Array(String))'))[1])
WHERE identifiers IN {_given("sets", "Array(String)")}
"""  # noqa: S608 - constants
LEDGER = f"SELECT {ENTRY_COLUMNS} FROM ledger FINAL"  # noqa: S608 - a constant

# Parts are written anew without the rows, and with their projections: nothing of them stays behind.
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
DELETE = """
ALTER TABLE {} DELETE WHERE toString({}) IN JSONExtract({{keys:String}}, 'Array(String)')
SETTINGS mutations_sync = 2
"""
DELETED_BY = {"identities": "entity", "frictions": "customer", "journeys": "customer", "ledger": "id"}
