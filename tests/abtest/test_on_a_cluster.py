"""What is computed on a Ray cluster is what is computed here, to the last digit, whatever becomes of the nodes."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ray.cluster_utils import Cluster

from tests.support.waiting import eventually
from trimtab.abtest import replay
from trimtab.abtest.ope.tune import tune
from trimtab.abtest.simulation.simulate import simulate
from trimtab.abtest.simulation.world import World
from trimtab.catalog.datasets.grocery import Grocery
from trimtab.core.errors import BadInput, BadParameter, TrimtabError, Unavailable
from trimtab.core.weights import require_bounds
from trimtab.core.work.tasks import Threads
from trimtab.engine import Engine
from trimtab.engine.cluster.ray_tasks import RayTasks, ray_tasks
from trimtab.engine.cluster.reference import EngineReference
from trimtab.engine.log.impressions import read_log
from trimtab.retrieval.encoders.earlier_vectors import EarlierVectors
from trimtab.retrieval.encoders.registry import load_encoder

OTHER = {"b": {"relevance": 0.5, "revenue": 0.5}, "c": {"relevance": 0.9, "diversity": 0.1}}


class LosesANode(RayTasks):
    """A cluster one of whose nodes is killed when the first result is there."""

    def __init__(self, tasks: RayTasks, cluster: Cluster, node: Any) -> None:
        self.__dict__.update(tasks.__dict__)
        self._cluster, self._node = cluster, node

    def map(self, task: Any, shared: Any, items: Any) -> Iterator[Any]:
        for result in super().map(task, shared, items):
            if self._node is not None:
                node, self._node = self._node, None
                self._cluster.remove_node(node, allow_graceful=False)
            yield result


@pytest.fixture(scope="module")
def shared_engine(small_bundle: Path) -> Engine:
    return Engine.load(small_bundle)


@pytest.fixture(scope="module")
def files(shared_engine: Engine, world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log in three files, some of whose decisions were delivered twice, into different files."""
    folder = tmp_path_factory.mktemp("log")
    simulate(shared_engine, 300, folder / "whole", seed=3, world=world)
    frame = pl.concat(read_log(folder / "whole"))
    (folder / "files").mkdir()
    for number in range(3):
        again = frame.slice(max(100 * number - 20, 0), 20)
        pl.concat([frame.slice(100 * number, 100), again]).write_parquet(folder / "files" / f"{number}.parquet")
    return folder / "files"


@pytest.fixture
def small_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.abtest.ope.log.partitions.IMPRESSIONS_PER_PARTITION", 50)


def without_time(report: dict[str, Any]) -> str:
    return json.dumps(report, sort_keys=True)


@pytest.mark.slow
@pytest.mark.usefixtures("small_partitions")
def test_threads_and_the_order_in_which_they_end_change_no_digit(shared_engine: Engine, files: Path) -> None:
    reports = [replay(files, shared_engine, OTHER, tasks=Threads(n)) for n in (1, 4)]
    assert without_time(reports[0]) == without_time(reports[1])
    assert reports[0]["log"]["left_out"] == {"delivered again: a row of their decision was before them": 60}


@pytest.mark.slow
@pytest.mark.usefixtures("small_partitions")
def test_two_workers_say_what_this_process_says(
    shared_engine: Engine, grocery: Grocery, files: Path, tmp_path: Path
) -> None:
    here = replay(files, shared_engine, OTHER)
    texts = grocery.items["title"].head(2500).to_list()
    encoder = load_encoder("wordllama")
    with ray_tasks("2") as tasks:
        assert without_time(replay(files, shared_engine, OTHER, tasks=tasks)) == without_time(here)
        found = EarlierVectors.none().encode(encoder, texts, lambda *_: None, tasks)
        assert (found == encoder.encode(texts)).all()

        (tmp_path / "bad").mkdir()
        frame = pl.concat(read_log(files)).head(50)
        bad = pl.int_range(pl.len()) == 30
        frame.with_columns(weights=pl.when(bad).then(pl.lit("{")).otherwise("weights")).write_parquet(
            tmp_path / "bad" / "0.parquet"
        )
        found = replay(tmp_path / "bad", shared_engine, OTHER, tasks=tasks)
        assert without_time(found) == without_time(replay(tmp_path / "bad", shared_engine, OTHER))
        assert found["log"]["n_read"] - found["log"]["n_replayed"] == 1
        with pytest.raises(BadInput, match=r"^max_revenu_loss: no such objective"):
            list(tasks.map(require_bounds, ["revenu"], [("relevance", "revenue")]))

        elsewhere = types.ModuleType("only_here")
        exec("def task(shared, item):\n    return item", elsewhere.__dict__)
        elsewhere.task.__module__ = "only_here"
        sys.modules["only_here"] = elsewhere
        try:
            with pytest.raises(Unavailable, match=r"^a node of the Ray cluster has no module only_here: install"):
                list(tasks.map(elsewhere.task, None, [1]))
        finally:
            del sys.modules["only_here"]


@pytest.mark.slow
@pytest.mark.usefixtures("small_partitions")
def test_a_node_that_is_lost_changes_no_digit(shared_engine: Engine, files: Path, tmp_path: Path) -> None:
    here = replay(files, shared_engine, OTHER)
    options = {"maximise": "revenue", "keep": {"relevance": 0.9}}
    tuned = tune(files, shared_engine, **options)
    simulate(shared_engine, 800, tmp_path / "here", seed=5, exploration_loss=0.02)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        nodes = [cluster.add_node(num_cpus=1) for _ in range(4)]
        with ray_tasks(cluster.address) as tasks:
            lost = LosesANode(tasks, cluster, nodes[0])
            assert without_time(replay(files, shared_engine, OTHER, tasks=lost)) == without_time(here)
            lost = LosesANode(tasks, cluster, nodes[1])
            assert without_time(tune(files, shared_engine, tasks=lost, **options)) == without_time(tuned)
            lost = LosesANode(tasks, cluster, nodes[2])
            simulate(shared_engine, 800, tmp_path / "there", seed=5, exploration_loss=0.02, tasks=lost)
            # The head learns of a node's end by its heartbeats, which may be after the work is done.
            eventually(lambda: len([node for node in tasks.nodes() if node["Alive"]]) == 2)  # the head and one
    finally:
        cluster.shutdown()
    parts = [sorted((tmp_path / name).rglob("*.parquet")) for name in ("here", "there")]
    assert [part.read_bytes() for part in parts[0]] == [part.read_bytes() for part in parts[1]]


@pytest.mark.parametrize(
    ("address", "error", "sentence"),
    [
        ("0", BadParameter, "--ray: a cluster without a worker"),
        ("somewhere", BadParameter, "--ray: cannot read 'somewhere'"),
        ("127.0.0.1:1", Unavailable, "--ray 127.0.0.1:1: no Ray cluster answers there"),
        ("auto", Unavailable, "--ray auto: no Ray cluster answers there"),
    ],
)
def test_an_address_where_no_cluster_is_is_one_sentence(address: str, error: type[TrimtabError], sentence: str) -> None:
    with pytest.raises(error, match=sentence), ray_tasks(address):
        pass


def test_an_engine_that_others_cannot_load_stays(engine: Engine) -> None:
    engine = engine.at_state(engine.pipeline, 1, None)
    with pytest.raises(BadInput, match="stays in its process"):
        EngineReference(engine).__reduce__()
