"""Grafana: dashboards from the panels and alert rules from the rules, as files or published to a server."""

from touchline.grafana.alert_rules import alert_rules
from touchline.grafana.building import Contents, dashboards
from touchline.grafana.provisioning import Connection, ConnectionRefused, files

__all__ = ["Connection", "ConnectionRefused", "Contents", "alert_rules", "dashboards", "files"]
