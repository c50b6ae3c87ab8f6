"""A compiled rule, and which kind of state it has."""

from collections.abc import Callable
from typing import Any

from touchline.friction.deadlines import due
from touchline.friction.kinds.expect import Expect
from touchline.friction.kinds.match import Match
from touchline.friction.kinds.repeat import Repeat
from touchline.friction.kinds.sequence import Sequence
from touchline.friction.kinds.state import State
from touchline.rules.conditions import field
from touchline.rules.rule import ExpectRule, MatchRule, RepeatRule, Rule, SequenceRule
from touchline.vocabulary.event import Event


class Terms:
    """A compiled rule: the settings that its states read.

    Attributes:
        slot: The rule's index in its layer.
        new_state: Creates a state of the rule's kind.
        second_layer: Whether the rule is of the second layer.
        keyed: Whether the rule has a key.
        has_deadlines: Whether its states have deadlines.
        due: Event → deadline (ms), or None. Without it, the deadline is `within` ms after the event.
        restart: Whether another starting event postpones a pending deadline.
        required: How many events, or distinct values, open a burst.
        within: The length of the window (ms).
        distinct: Event → the value to count; None to count events.
    """

    __slots__ = (
        *("second_layer", "new_state", "distinct", "due", "keyed", "required"),
        *("has_deadlines", "restart", "rule", "slot", "version", "within"),
    )

    def __init__(self, rule: Rule, slot: int = 0) -> None:
        self.rule = rule
        self.slot = slot
        self.version = rule.version
        self.second_layer = rule.second_layer
        self.keyed = bool(rule.key)
        self.new_state: Callable[[Terms], State] = _KINDS[type(rule)]
        self.has_deadlines = self.restart = False
        self.due: Callable[[Event], int | None] | None = None
        self.required, self.within = 1, 0
        self.distinct: Callable[[Event], Any] | None = None
        match rule:
            case ExpectRule():
                self.has_deadlines, self.restart = True, rule.restart
                self.due, self.within = due(rule), rule.within or 0
            case RepeatRule():
                self.required, self.within = rule.count, rule.within
                self.distinct = field(rule.distinct) if rule.distinct else None
            case SequenceRule():
                self.within = rule.within

    def deadline_after(self, event: Event) -> int | None:
        """The deadline (ms) of the obligation that the event starts; None if it names none with `by`."""
        return event.time + self.within if self.due is None else self.due(event)


_KINDS: dict[type[Rule], Callable[[Terms], State]] = {
    MatchRule: Match,
    ExpectRule: Expect,
    RepeatRule: Repeat,
    SequenceRule: Sequence,
}
