"""`python -m touchline.cli` is the `touchline` command; a supervisor starts its processes this way."""

from touchline.cli.main import run
from touchline.services.supervised import end_with_supervisor

end_with_supervisor()
run()
