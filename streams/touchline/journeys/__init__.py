"""Journeys: a customer's events cut at long silences, with visits, strikes, score and effort."""

from touchline.journeys.journey import Journey, Strike
from touchline.journeys.journeys import JOURNEY_GAP, Run, begun, journey_at, journeys, made

__all__ = ["JOURNEY_GAP", "Journey", "Run", "Strike", "begun", "journey_at", "journeys", "made"]
