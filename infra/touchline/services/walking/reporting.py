"""The events of a walk on their way to the log, as those of staff go there."""

from collections.abc import Sequence

from touchline.collector.acceptance import accept_each
from touchline.collector.accounts import with_account
from touchline.config.privacy_rules import load_privacy
from touchline.config.settings import Settings
from touchline.config.validator_in_force import load_validator
from touchline.friction import RuleSet
from touchline.services.submitting import Submission, submit
from touchline.vocabulary.errors import TouchlineError
from touchline.walks import Outcome, Walk, native
from touchline.walks.outcomes import FAILED, PASSED, PRODUCER, step_id


class NotReported(TouchlineError):
    """A walk's events are not valid; the message says why."""


def report(
    settings: Settings, rules: RuleSet, walk: Walk, outcomes: Sequence[Outcome], started_at: int
) -> str:
    """Append the events of a walk that started at a time (ms); return by whom they were processed, in words.

    Appending them again changes nothing: their ids follow from the walk, its time and the step.

    Raises:
        NotReported: they are not valid, and nothing was appended.
        NotApplied, StoreError, LogFull, LogUnavailable: as from `submit`.
    """
    rules_of_privacy = load_privacy(settings.privacy, settings.privacy_key.get_secret_value())
    purposes = () if rules_of_privacy is None else rules_of_privacy.purposes(PASSED, FAILED)
    raws = [native(walk, outcome, number, started_at, purposes) for number, outcome in enumerate(outcomes)]
    received_at = started_at + round(max(outcome.after for outcome in outcomes) * 1000)
    acceptance = accept_each(
        raws, received_at_ms=received_at, producer=PRODUCER, validator=load_validator(settings)
    )
    for result in acceptance.results:
        if result.status != "stored":
            raise NotReported(f"walk {walk.name}: {result.message or f'the event was {result.status}'}")
    ids = [step_id(walk, number, started_at) for number in range(len(outcomes))]
    batch = with_account(acceptance, PRODUCER)
    return submit(
        settings,
        rules,
        Submission(
            lambda reader: batch, lambda store: len(store.stored_ids(ids)) == len(ids), "touchline worker"
        ),
    )
