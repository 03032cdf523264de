#!/usr/bin/env bash
# Makes every secret of the compose stack that is not there yet, and .env. Run it once before the first `docker compose up`,
# and again after an upgrade: what exists is kept. To replace one, see docs/operating.md.
set -euo pipefail
cd "$(dirname "$0")"
umask 077
mkdir -p secrets

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
# A container's user is not this one: the file can be read by all, its folder only by you.
keep() { [[ -s secrets/$1 ]] || { printf '%s' "$2" >"secrets/$1"; chmod 444 "secrets/$1"; echo "made deploy/secrets/$1"; }; }

keep postgres_password "$(random)"
keep redis_password "$(random)"
keep database_url "postgresql://emoverse:$(cat secrets/postgres_password)@postgres:5432/emoverse"
keep gateway_database_url "$(cat secrets/database_url)"
keep gateway_secret "$(random)"
keep token_secret "$(random)"
# Redis's exporter wants a file of its own form.
keep redis_password_file "{\"redis://redis:6379\": \"$(cat secrets/redis_password)\"}"
keep grafana_password "$(random)"
keep redis_url "redis://:$(cat secrets/redis_password)@redis:6379/0"

[[ -e ../.env ]] || { cp ../.env.example ../.env; echo "made .env"; }
