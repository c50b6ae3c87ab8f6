"""A simulated retailer, seeded, whose frictions are known beforehand. It is pure: no clock, no I/O.

`touchline.simulation.shop` sends it through the SDK in real time.
"""

from touchline.simulation.retailer import Retailer, tell
from touchline.simulation.story import Planted, Story, Touchpoint
from touchline.simulation.storylines import STORYLINES, Storyline

__all__ = ["STORYLINES", "Planted", "Retailer", "Story", "Storyline", "Touchpoint", "tell"]
