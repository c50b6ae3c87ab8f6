"""`touchline worker`: processes the touchpoints in Kafka, together with other workers."""

from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.options import Health, Rules


def worker(
    processes: Annotated[
        int | None,
        typer.Option(
            min=1, max=256, help="Start this many workers and the identity stage, and restart any that exits."
        ),
    ] = None,
    health: Health = None,
    rules: Rules = None,
) -> None:
    """Process the events in Kafka: fold them into journeys and frictions, and write them to the store.

    Workers share the partitions of the touchpoints: start as many as you have cores for, here or elsewhere.
    Workers exit on unexpected errors; nothing is lost. With --processes they are restarted, and the
    identity stage runs as well. Without it, restart them yourself, and run one `touchline identity`. Ends
    on Ctrl-C or SIGTERM, after the current flush.

    Example: touchline worker --processes 2
    """
    from touchline.config.rule_packs import rules_in_force
    from touchline.config.settings import load_settings
    from touchline.services.logs import configure_logs
    from touchline.services.stages import run_worker, workplace

    configure_logs()
    settings = load_settings(rules=rules)
    pack = rules_in_force(settings)
    if processes is None:
        run_worker(workplace(settings), pack, health)
        return
    # Fail once, here, if no process could start.
    workplace(settings).store.close()
    from touchline.services.supervisor import Supervisor

    given: list[str] = [] if rules is None else ["--rules", str(Path(rules).resolve())]
    commands = {f"worker {number}": ["worker", *given, *_port(health, number)] for number in range(processes)}
    commands["identity"] = ["identity", *_port(health, processes)]
    if not Supervisor(commands).run():
        raise fail("a process did not end in time and was killed: nothing is lost")


def _port(first: int | None, number: int) -> list[str]:
    return [] if first is None else ["--health", str(first + number if first else 0)]
