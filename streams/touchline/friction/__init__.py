"""Friction: the pure fold that finds the signals of rules in one customer's events."""

from touchline.friction.fold import Findings, FrictionFold, Packed, RuleSet, unpacked
from touchline.friction.signals import Signal

__all__ = ["Findings", "FrictionFold", "Packed", "RuleSet", "Signal", "unpacked"]
