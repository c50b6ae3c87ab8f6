"""Rules: what a rule may say, rules files, and the packs that ship."""

from touchline.rules.rule import Rule
from touchline.rules.rules_file import RulesError, parse_rules

__all__ = ["Rule", "RulesError", "parse_rules"]
