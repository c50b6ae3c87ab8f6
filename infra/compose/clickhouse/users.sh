#!/usr/bin/env bash
# Make the store's users, each with one role, or give them the passwords that the secrets say now.
set -euo pipefail

ask() {
    clickhouse-client --host clickhouse --user admin --password "$(cat /run/secrets/store_admin)" "$@"
}

for user in worker page reader; do
    # Only its hash travels; hexadecimal, so that nothing in a password can be SQL.
    hash=$(tr -d '\r\n' < "/run/secrets/store_$user" | sha256sum | cut -d ' ' -f 1)
    ask --multiquery --query "
        CREATE USER IF NOT EXISTS $user IDENTIFIED WITH sha256_hash BY '$hash';
        ALTER USER $user IDENTIFIED WITH sha256_hash BY '$hash';
        GRANT touchline_$user TO $user;
        SET DEFAULT ROLE touchline_$user TO $user;"
done
