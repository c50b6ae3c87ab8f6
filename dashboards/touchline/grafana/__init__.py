"""The panels as Grafana's dashboards, the alert rules as Grafana's, as files or sent to a Grafana."""

from touchline.grafana.alert_rules import alert_rules
from touchline.grafana.building import dashboards
from touchline.grafana.provisioning import Connection, ConnectionRefused, files

__all__ = ["Connection", "ConnectionRefused", "alert_rules", "dashboards", "files"]
