"""The live page: friction as it happens, and one customer's whole story."""

from touchline.live.pages import mount
from touchline.live.queries import Answer, Store
from touchline.live.wording import RuleText

__all__ = ["Answer", "RuleText", "Store", "mount"]
