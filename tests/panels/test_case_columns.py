"""What staff did about frictions, beside how often these were met."""

from typing import Any

from tests.live import rows
from touchline.panels import PANELS, expand
from touchline.store import Store

T = 1_795_000_000_000
HOUR = 3_600_000


def test_frequent_frictions_say_what_staff_did(store: Store) -> None:
    """Open are those that neither end nor are closed; of these, some are assigned."""
    frictions = [rows.friction(f"account:{n}", "slow", T - HOUR + n) for n in range(6)]
    frictions[5] |= {"status": "resolved", "resolved_at": T - 1}
    rows.put(store, "frictions", frictions, "frictions")

    def said(n: int, kind: str, **data: str) -> dict[str, Any]:
        friction = str(frictions[n]["id"])
        return rows.event(
            [f"account:{n}"], f"{kind}-{n}", T - 10, f"case.{kind}", friction_id=friction, **data
        )

    did = [said(0, "assigned", assignee="kim"), said(1, "assigned", assignee="lee")]
    did += [said(1, "closed"), said(2, "closed"), said(5, "closed"), said(3, "assigned", assignee="")]
    rows.put(store, "events", did, "events")
    [panel] = (one for one in PANELS if one.id == "friction_by_rule")
    answer = store.query(expand(panel.sql, T - 24 * HOUR, T, 3_600))
    [row] = [dict(zip(answer.column_names, one, strict=True)) for one in answer.result_rows]
    counts = {name: int(row[name]) for name in ("frictions", "open", "assigned", "closed", "resolved")}
    assert counts == {"frictions": 6, "open": 3, "assigned": 1, "closed": 3, "resolved": 1}
