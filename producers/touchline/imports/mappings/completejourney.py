"""Households of a US grocery chain in 2017 ("Complete Journey"): CSV files, or the package's Parquet files.

- `campaigns`: `campaign.delivered` by mail, a household's share of a campaign. The day on which the
  campaign starts is in `campaign_descriptions`, which must lie in the same folder;
- `coupon_redemptions`: `coupon.redeemed` in the store, on a day without a time of day;
- `store_visits` (one row a basket), or `transactions` (one row a line of a basket, the lines of a basket
  together): `visit.started` and `order.placed`, both at the till, for the way to it is not recorded.

The household is the loyalty card. Times of baskets are in UTC; days are those of the east coast, and noon
stands for the time of day.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from touchline.imports.readers.formats import open_rows
from touchline.imports.readers.rows import BadRow

GROUP = "basket_id"
"""Rows of the files without this column stand each for itself."""

_ZONE = ZoneInfo("America/New_York")


def events(rows: list[dict[str, Any]], file: Path) -> Iterator[dict[str, Any]]:
    """The events of one basket, redemption or campaign mailing."""
    match file.name.partition(".")[0]:
        case "campaigns":
            yield _delivered(rows[0], file)
        case "coupon_redemptions":
            yield _redeemed(rows[0])
        case "store_visits" | "transactions":
            yield from _visited(rows)
        case name:
            raise ValueError(
                f"{name} has no events; take campaigns, coupon_redemptions, and store_visits or transactions"
            )


def _delivered(row: dict[str, Any], file: Path) -> dict[str, Any]:
    campaign, household = str(row["campaign_id"]), str(row["household_id"])
    description = _descriptions(file.parent, "".join(file.suffixes)).get(campaign)
    if description is None:
        raise ValueError(f"column campaign_id: campaign_descriptions has no campaign {campaign}")
    return {
        "id": f"campaign:{campaign}:{household}",
        "type": "campaign.delivered",
        "time": _noon(description["start_date"]),
        "channel": "mail",
        "identifiers": {"loyalty": household},
        "data": {"campaign_id": campaign, "campaign_type": description["campaign_type"]},
    }


def _redeemed(row: dict[str, Any]) -> dict[str, Any]:
    campaign, household, coupon = (str(row[name]) for name in ("campaign_id", "household_id", "coupon_upc"))
    time = _noon(row["redemption_date"])
    return {
        "id": f"coupon:{campaign}:{household}:{coupon}:{time:%y%m%d}",
        "type": "coupon.redeemed",
        "time": time,
        "channel": "store",
        "identifiers": {"loyalty": household},
        "data": {"coupon_id": coupon, "campaign_id": campaign},
    }


def _visited(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    first = rows[0]
    basket, store = str(first["basket_id"]), str(first["store_id"])
    lines = "quantity" in first
    time = _as_time(first["transaction_timestamp" if lines else "timestamp"]).replace(tzinfo=UTC)
    steps = {
        "visit.started": {"visit_id": basket, "store": store},
        "order.placed": {
            "order_id": basket,
            "store": store,
            "items": sum(int(row["quantity" if lines else "units"]) for row in rows),
            "value": round(sum(float(row["sales_value"]) for row in rows), 2),
            "currency": "USD",
            "discount": round(sum(float(row["retail_disc"]) for row in rows), 2),
            "coupon_discount": round(sum(float(row["coupon_disc"]) for row in rows), 2),
        },
    }
    for number, (kind, data) in enumerate(steps.items(), 1):
        yield {
            "id": f"basket:{basket}:{number}",
            "type": kind,
            "time": time,
            "channel": "store",
            "identifiers": {"loyalty": str(first["household_id"])},
            "data": data,
        }


@lru_cache(maxsize=4)
def _descriptions(folder: Path, suffixes: str) -> dict[str, dict[str, Any]]:
    reader = open_rows(folder / f"campaign_descriptions{suffixes}")
    try:
        return {str(row.values["campaign_id"]): row.values for row in reader if not isinstance(row, BadRow)}
    finally:
        reader.close()


def _noon(day: Any) -> datetime:
    return _as_time(day).replace(hour=12, tzinfo=_ZONE)


def _as_time(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
