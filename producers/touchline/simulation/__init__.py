"""A simulated, seeded retailer with known frictions.

All is pure but the shop, which sends touchpoints through the SDK in real time.
"""

from touchline.simulation.retailer import Fix, Outage, Retailer, simulate
from touchline.simulation.shop import Shop
from touchline.simulation.story import Planted, Story, Touchpoint
from touchline.simulation.storylines import STORYLINES, Storyline

__all__ = [
    "STORYLINES",
    "Fix",
    "Outage",
    "Planted",
    "Retailer",
    "Shop",
    "Story",
    "Storyline",
    "Touchpoint",
    "simulate",
]
