"""Whatever the document at /openapi.json allows or forbids may be sent: no 5xx, and no answer that it does not promise.

Schemathesis makes the requests, alone and one after another along the document's links: some hundred of them in
`make test`, more than ten thousand in `make fuzz`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.redis_servers import RedisProcess
from tests.support.services import serving, settings_of
from tests.support.waiting import PATIENCE_SECONDS

MANY = 500
"""Requests an operation at most; this number walks through edge cases of each parameter, too."""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.parametrize("examples", [1, pytest.param(MANY, marks=pytest.mark.slow)])
def test_every_answer_is_one_that_the_document_promises(
    small_bundle: Path, tmp_path: Path, redis_server: RedisProcess, examples: int
) -> None:
    settings = settings_of(small_bundle, tmp_path / "data", redis_server, admin_key="sesame", require_keys=True)
    with serving(settings) as client:
        options = {
            "--header": "Authorization: Bearer sesame",
            "--checks": CHECKS,
            "--phases": "examples,coverage,fuzzing,stateful" if examples >= MANY else "fuzzing,stateful",
            "--max-examples": str(examples),
            "--workers": "2",
            "--request-timeout": str(PATIENCE_SECONDS),  # a machine may be busy
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
    assert n_requests >= (10_000 if examples >= MANY else 50), done.stdout[-2_000:]
    if examples >= MANY:
        assert re.search(r"API Links:\s+[1-9]", done.stdout), done.stdout[-2_000:]
