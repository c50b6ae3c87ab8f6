#!/usr/bin/env bash
# Make the passwords that compose.yaml mounts, those that are not there yet.
set -euo pipefail
cd "$(dirname "$0")/secrets"
umask 077
for name in store_admin store_worker store_page store_reader grafana_admin; do
    [ -s "$name" ] || head -c 24 /dev/urandom | base64 | tr -d '\n' > "$name"
    # Compose mounts the file as it is, and those who read it in their containers are other users than you.
    chmod 644 "$name"
done
chmod 700 .
