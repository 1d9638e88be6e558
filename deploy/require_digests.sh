#!/usr/bin/env bash
# A released image is built from what a digest names: exit 1 where BASE or TORCH_HASH is a name that may change.
#
#   BASE=python:3.12-slim-bookworm@sha256:... TORCH_HASH=sha256:... deploy/require_digests.sh
set -euo pipefail

readonly DIGEST='sha256:[0-9a-f]{64}$'

[[ "${BASE:-}" =~ @$DIGEST ]] || { echo "require_digests: BASE must be NAME@sha256:..., not '${BASE:-}'" >&2; exit 1; }
[[ "${TORCH_HASH:-}" =~ ^$DIGEST ]] || { echo "require_digests: TORCH_HASH must be sha256:..., not '${TORCH_HASH:-}'" >&2; exit 1; }
