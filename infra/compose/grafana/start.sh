#!/usr/bin/env bash
# Grafana's provisioning takes the store's password from its environment; here it comes from a secret.
set -euo pipefail

TOUCHLINE_STORE_PASSWORD=$(cat /run/secrets/store_reader)
export TOUCHLINE_STORE_PASSWORD
exec /run.sh "$@"
