"""`touchline identity`: decides whose identifiers are, for all workers."""

from touchline.cli.options import Health


def identity(health: Health = None) -> None:
    """Decide which identifiers belong to one customer, from the links that the workers find.

    One process works at a time; others stand by and take over when it ends. It exits on unexpected errors;
    nothing is lost. Restart it, as `touchline worker --processes` does. Ends on Ctrl-C or SIGTERM, after
    the current flush.

    Example: touchline identity --health 9200
    """
    from touchline.config.settings import load_settings
    from touchline.services.logs import configure_logs
    from touchline.services.stages import run_identity, workplace

    configure_logs()
    run_identity(workplace(load_settings()), health)
