"""Where rules are read from: a file of the user's, or the pack that ships with the product."""

from importlib.resources import files
from pathlib import Path

from touchline.friction import RulesError, RuleSet, parse_rules


def load_rules(path: Path | None = None) -> RuleSet:
    """The rules of a YAML file; without one, the default pack.

    Raises:
        RulesError: the file cannot be read, or says something that no rule can say.
    """
    if path is None:
        text = files("touchline.friction").joinpath("packs", "default.yaml").read_text(encoding="utf-8")
        return RuleSet(parse_rules(text, "default pack"))
    try:
        return RuleSet(parse_rules(path.read_text(encoding="utf-8"), str(path)))
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: cannot be read: {error}") from error
