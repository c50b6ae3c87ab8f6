"""Alerts: rules as data, incidents as a pure function of what is stored, and what is said of them to whom."""

from touchline.alerts.file import AlertsError, AlertsFile, parse_alerts
from touchline.alerts.rules import Absence, AlertRule, Change, StrikeOut, Threshold

__all__ = [
    "Absence",
    "AlertRule",
    "AlertsError",
    "AlertsFile",
    "Change",
    "StrikeOut",
    "Threshold",
    "parse_alerts",
]
