"""Alerts: rules as data, incidents as a pure function of stored events, channels and routes."""

from touchline.alerts.file import AlertsError, AlertsFile, parse_alerts
from touchline.alerts.rules import (
    Absence,
    AlertRule,
    Loss,
    Measured,
    Observations,
    StrikeOut,
    Threshold,
    Unusual,
)

__all__ = [
    "Absence",
    "AlertRule",
    "AlertsError",
    "AlertsFile",
    "Loss",
    "Measured",
    "Observations",
    "StrikeOut",
    "Threshold",
    "Unusual",
    "parse_alerts",
]
