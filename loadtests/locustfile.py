"""Searches that arrive at a constant rate, whether or not earlier ones have been answered (an open model).

A closed model, where a user waits for an answer before asking again, slows down together with the service and hides
what people would have waited (coordinated omission). Here the clock starts when a request is due: time spent waiting
for its turn to be sent counts.

`python -m loadtests.run` starts this; by hand: `locust -f loadtests/locustfile.py --headless -u 1 --host ... --queries
FILE --arrivals-per-second 100`.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import gevent
from gevent.pool import Group
from locust import FastHttpUser, events, task

from loadtests.objectives import measures_of, quantile

OK = 200
TURNED_AWAY = (429, 503)
MAX_CONNECTIONS = 500
POST_SHARE = 0.1
FILTER_SHARE = 0.1
EXPLORE_SHARE = 0.1
N_SESSIONS = 1000
TIMER_SECONDS = 0.002
LAST_ANSWER_SECONDS = 15
"""How long to wait for what is not answered when the last request has been sent."""


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_arguments(parser: Any) -> None:
    parser.add_argument("--queries", type=Path, required=True, help="file with a query a line")
    parser.add_argument("--arrivals-per-second", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long searches arrive and count")
    parser.add_argument("--warm-up-seconds", type=float, default=1.0, help="before that: sent, not counted")
    parser.add_argument("--report", type=Path, default=None, help="JSON file to write the measures to")
    parser.add_argument("--seed", type=int, default=0)


class Arrivals(FastHttpUser):
    """All shoppers at once: one user, whose task starts a request at every tick."""

    fixed_count = 1
    concurrency = MAX_CONNECTIONS

    def on_start(self) -> None:
        options = self.environment.parsed_options
        self.queries = options.queries.read_text().splitlines()
        self.generator = random.Random(options.seed)
        self.weights = _known_weights(self.client.get("/openapi.json", name="/openapi.json").json())
        self.under_way = Group()
        self.latencies_ms: list[float] = []
        self.lags_ms: list[float] = []
        self.n_errors = 0
        self.n_turned_away = 0

    @task
    def arrivals(self) -> None:
        options = self.environment.parsed_options
        warm_up = round(options.warm_up_seconds * options.arrivals_per_second)
        counted = round(options.seconds * options.arrivals_per_second)
        start = time.perf_counter()
        for number in range(warm_up + counted):
            due, request = start + number / options.arrivals_per_second, self.request()
            _sleep_until(due)
            if number >= warm_up:
                self.lags_ms.append((time.perf_counter() - due) * 1000)
            self.under_way.spawn(self.search, due, number >= warm_up, *request)
        self.under_way.join(timeout=LAST_ANSWER_SECONDS)
        if options.report is not None:
            measures = measures_of(self.latencies_ms, n_errors=self.n_errors, n_due=counted)
            lag = quantile(sorted(self.lags_ms), 0.99)
            of_run = {"n_due": counted, "n_turned_away": self.n_turned_away, "lag_p99_ms": lag}
            options.report.write_text(json.dumps({**of_run, **measures}))
        self.environment.runner.quit()

    def request(self) -> tuple[str, dict[str, Any]]:
        """A method, and the parameters of a search with weights of its own."""
        draw = self.generator.random
        # Exponential draws divided by their sum are uniform over all weightings.
        parameters: dict[str, Any] = {name: round(self.generator.expovariate(1) + 0.001, 3) for name in self.weights}
        parameters["q"] = self.generator.choice(self.queries)
        parameters["group"] = False
        parameters["session_id"] = f"load-{self.generator.randrange(N_SESSIONS)}"
        if draw() < FILTER_SHARE:
            parameters["filter"] = "in_stock:true"
        if draw() < EXPLORE_SHARE:
            parameters["explore"] = True
        return ("POST" if draw() < POST_SHARE else "GET"), parameters

    def search(self, due: float, counts: bool, method: str, parameters: dict[str, Any]) -> None:
        if method == "POST":
            call = self.client.post("/search", json=parameters, name="/search", catch_response=True)
        else:
            call = self.client.get(f"/search?{urlencode(parameters)}", name="/search", catch_response=True)
        with call as response:
            latency_ms = (time.perf_counter() - due) * 1000
            response.request_meta["response_time"] = latency_ms
            if response.status_code != OK:
                response.failure(f"status {response.status_code}")
        if counts and response.status_code == OK:
            self.latencies_ms.append(latency_ms)
        elif counts:
            self.n_errors += 1
            self.n_turned_away += response.status_code in TURNED_AWAY


def _sleep_until(due: float) -> None:
    """The loop's timers are a millisecond late; the end of the wait is spent looking at the clock, and at answers."""
    gevent.sleep(max(due - time.perf_counter() - TIMER_SECONDS, 0))
    while time.perf_counter() < due:
        gevent.sleep(0)


def _known_weights(openapi: dict[str, Any]) -> list[str]:
    parameters = openapi["paths"]["/search"]["get"]["parameters"]
    return [parameter["name"] for parameter in parameters if parameter["name"].startswith("w_")]
