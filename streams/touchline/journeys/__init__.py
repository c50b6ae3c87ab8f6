"""Journeys: a customer's events cut at long silences, with visits, strikes, effort and ways to an order."""

from touchline.journeys.journey import Journey, Strike
from touchline.journeys.journeys import JOURNEY_GAP, Run, begun, journey_at, journeys, made
from touchline.journeys.ways import Way

__all__ = ["JOURNEY_GAP", "Journey", "Run", "Strike", "Way", "begun", "journey_at", "journeys", "made"]
