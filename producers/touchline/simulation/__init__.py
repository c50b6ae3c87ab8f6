"""A simulated retailer, seeded, whose frictions are known beforehand.

It is pure: no clock, no I/O; only the shop, which sends it through the SDK in real time, is not.
"""

from touchline.simulation.retailer import Outage, Retailer, tell
from touchline.simulation.shop import Shop
from touchline.simulation.story import Planted, Story, Touchpoint
from touchline.simulation.storylines import STORYLINES, Storyline

__all__ = ["STORYLINES", "Outage", "Planted", "Retailer", "Shop", "Story", "Storyline", "Touchpoint", "tell"]
