"""Journeys: a customer's events cut at long silences, with visits, strikes, score and effort."""

from touchline.journeys.journeys import JOURNEY_GAP, Journey, Run, Strike, journey_at, journeys, made

__all__ = ["JOURNEY_GAP", "Journey", "Run", "Strike", "journey_at", "journeys", "made"]
