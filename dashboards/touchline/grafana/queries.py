"""Queries for Grafana's ClickHouse plugin, which the SDK does not include."""

from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef

PLUGIN = "grafana-clickhouse-datasource"

Format = Literal["timeseries", "table"]

_FORMATS: dict[Format, int] = {"timeseries": 0, "table": 1}


@dataclass(frozen=True, slots=True)
class ClickHouseQuery(Dataquery):
    """A query, whose result is a table or a time series.

    The editor type `sql` makes the plugin keep the text as it is.
    """

    sql: str
    format: Format
    source: str
    ref_id: str = "A"

    def to_json(self) -> dict[str, object]:
        """The query in the plugin's format."""
        return {
            "refId": self.ref_id,
            "datasource": {"type": PLUGIN, "uid": self.source},
            "editorType": "sql",
            "queryType": self.format,
            "format": _FORMATS[self.format],
            "rawSql": self.sql,
        }


class ClickHouse(Builder[ClickHouseQuery]):
    """Builds a query; `source` is the uid of the data source."""

    def __init__(self, sql: str, format_: Format, source: str) -> None:
        self._query = ClickHouseQuery(sql.strip(), format_, source)

    def build(self) -> ClickHouseQuery:
        """The query."""
        return self._query


def reference(source: str) -> DataSourceRef:
    """A reference to the data source with this uid."""
    return DataSourceRef(type_val=PLUGIN, uid=source)
