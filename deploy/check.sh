#!/usr/bin/env bash
# What stands in deploy/, read by the tools that will read it: promtool, kustomize and the API's schemas, compose.
#
#   deploy/check.sh     needs Debian's prometheus (for promtool) and docker-compose, kubectl, and a package index
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

promtool check config --syntax-only prometheus/prometheus.yml
promtool check rules prometheus/alerts.yml
promtool test rules prometheus/alerts_test.yml

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet kubernetes-validate
kubectl kustomize kubernetes > "$work/manifests.yaml"
"$work/venv/bin/kubernetes-validate" --strict "$work/manifests.yaml"

# Debian's compose is older than the key `name`.
grep -v '^name:' compose.yaml > "$work/compose.yaml"
TRIMTAB_ADMIN_KEY=check REDIS_PASSWORD=check GRAFANA_PASSWORD=check docker-compose --project-directory . --project-name trimtab --file "$work/compose.yaml" config --quiet
echo "compose.yaml is valid"
