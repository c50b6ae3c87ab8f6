"""`python -m touchline.sdk`: what is wrong with this environment's configuration of the SDK."""

import sys

from touchline.sdk.doctor import report

lines, is_ok = report()
sys.stdout.write("\n".join([*lines, ""]))
sys.exit(0 if is_ok else 1)
