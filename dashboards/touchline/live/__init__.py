"""The live page: dashboards, alerts, measures, and the history of one customer."""

from touchline.live.labels import RuleText
from touchline.live.pages import mount
from touchline.live.queries import Answer, Store
from touchline.live.site import PageSettings
from touchline.live.tour import TourStep

__all__ = ["Answer", "PageSettings", "RuleText", "Store", "TourStep", "mount"]
