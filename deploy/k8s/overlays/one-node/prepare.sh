#!/usr/bin/env bash
# Hands what deploy/secrets.sh made to the cluster that kubectl points at. Repeatable.
set -euo pipefail
cd "$(dirname "$0")/../../../secrets"
kubectl apply -f ../k8s/base/namespace.yaml
arguments=()
for file in *; do arguments+=("--from-file=$file"); done
kubectl -n emoverse create secret generic emoverse "${arguments[@]}" --dry-run=client -o yaml | kubectl apply -f -
