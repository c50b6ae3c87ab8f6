"""`touchline identity`: decides whose identifiers are, for all workers."""

from touchline.cli.options import Health


def identity(health: Health = None) -> None:
    """Decide which identifiers are of one customer, from the links that the workers find.

    One does the work at a time; more may stand by, and take over when it ends. It ends when it meets what
    it does not expect, and loses nothing by it: whatever watches over it must start it again, as
    `touchline worker --processes` does. Ends on Ctrl-C or SIGTERM, after what is under way.

    Example: touchline identity --health 9200
    """
    from touchline.config.settings import load_settings
    from touchline.services.logs import configure_logs
    from touchline.services.stages import run_identity, workplace

    configure_logs()
    run_identity(workplace(load_settings()), health)
