"""Whatever the document at /openapi.json allows or forbids may be sent: no 5xx, and no answer that it does not promise.

Schemathesis makes the requests, alone and one after another along the document's links. `make test` makes some hundred
of them, `make fuzz` more than ten thousand.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.processes import is_ready, process
from tests.support.redis_servers import PATIENT_REDIS_SECONDS, RedisProcess
from tests.support.waiting import eventually

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
"""Requests an operation at most; from `MANY` on edge cases of each parameter are walked through, too."""
MANY = 100
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_every_answer_is_one_that_the_document_promises(
    small_bundle: Path, tmp_path: Path, redis_server: RedisProcess
) -> None:
    settings = {
        "redis_url": redis_server.url,
        "redis_timeout_seconds": PATIENT_REDIS_SECONDS,
        "admin_key": "sesame",
        "require_keys": True,
    }
    with process(small_bundle, tmp_path / "data", **settings) as (_, client):
        eventually(lambda: is_ready(client))
        options = {
            "--header": "Authorization: Bearer sesame",
            "--checks": CHECKS,
            "--phases": "examples,coverage,fuzzing,stateful" if EXAMPLES >= MANY else "fuzzing,stateful",
            "--max-examples": str(EXAMPLES),
            "--workers": "2",
            "--seed": "0",
            "--suppress-health-check": "all",
        }
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(client.base_url.join("/openapi.json"))]
        arguments = [part for option in options.items() for part in option]
        done = subprocess.run(
            [*command, *arguments, "--continue-on-failure"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert client.get("/readyz").status_code == 200
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    n_requests = int(re.findall(r"(\d+) generated", done.stdout)[-1])
    assert n_requests >= (10_000 if EXAMPLES >= MANY else 50), done.stdout[-2_000:]
    if EXAMPLES >= MANY:
        assert re.search(r"API Links:\s+[1-9]", done.stdout), done.stdout[-2_000:]
