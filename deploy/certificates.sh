#!/usr/bin/env bash
# Makes the certificates that docker-compose.tls.yml wants in deploy/certificates, by an authority of its own. What exists is
# kept: put your own there first.   deploy/certificates.sh [NAME]   NAME is what browsers and cameras call this machine.
#   public.pem, public.pem.key   shown to browsers and cameras
#   inside.pem, inside.pem.key   shown by every part to every other; names entrance, gateway, emotion, recommender, model
#   ca.pem                       who has signed inside.pem
set -euo pipefail
cd "$(dirname "$0")"
umask 077
mkdir -p certificates
cd certificates
name=${1:-localhost}

made() {
  local said
  said=$(openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 825 "$@" 2>&1) && return
  printf '%s\n' "$said" >&2
  return 1
}
issue() {
  [[ -s $1 ]] && return
  rm -f "$1.key"
  made -CA ca.pem -CAkey ca.key -subj "/CN=$2" -addext "subjectAltName=$3" -addext basicConstraints=critical,CA:FALSE \
    -keyout "$1.key" -out "$1"
  echo "made deploy/certificates/$1"
}

[[ -s ca.pem ]] || made -subj "/CN=EmoVerse $name" -keyout ca.key -out ca.pem
issue inside.pem inside DNS:entrance,DNS:gateway,DNS:emotion,DNS:recommender,DNS:model
issue public.pem "$name" "DNS:$name"

# TensorFlow Serving wants the same in one file of its own form.
text() { awk '{printf "%s\\n", $0}' "$1"; }
rm -f model_ssl
printf 'server_key: "%s"\nserver_cert: "%s"\ncustom_ca: "%s"\nclient_verify: true\n' \
  "$(text inside.pem.key)" "$(text inside.pem)" "$(text ca.pem)" >model_ssl
# A container's user is not this one: the files can be read by all, their folder only by you.
chmod 444 public.pem* inside.pem* ca.pem model_ssl
