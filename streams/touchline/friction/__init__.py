"""Friction: rules as data, and the pure fold that finds their signals in a customer's events."""

from touchline.friction.fold import Findings, FrictionFold, RuleSet
from touchline.friction.rules import Rule
from touchline.friction.rules_file import RulesError, parse_rules
from touchline.friction.signals import Signal

__all__ = ["Findings", "FrictionFold", "Rule", "RuleSet", "RulesError", "Signal", "parse_rules"]
