"""The group `touchline customer`: its commands, in the order of `--help`."""

import typer

from touchline.cli.customer.forgetting import forget, readmit
from touchline.cli.customer.sharing import share, unshare
from touchline.cli.customer.showing import export, show
from touchline.cli.customer.splitting import split, unsplit

app = typer.Typer(
    help="One customer: its story; splitting, sharing, forgetting and exporting it.", no_args_is_help=True
)
for command in (show, split, unsplit, share, unshare, forget, readmit, export):
    app.command()(command)
