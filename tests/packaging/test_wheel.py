"""The wheel: what is in it, and a shop's whole story in a folder that has rooms of the same names."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.support.processes import free_port, is_ready
from tests.support.services import load_bundle
from tests.support.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
DATA = (".json", ".html", ".css", ".js", ".svg", ".csv", ".npz", ".toml", ".txt", "py.typed")
ROOMS = ("core", "engine", "service", "cli", "text", "catalog", "retrieval", "ranker", "abtest", "webpages")

CATALOGUE = """item_id,title,brand,category,price
1,Vanilla Ice Cream,Dairy Farm,Ice Cream,3.99
2,Chocolate Ice Cream,Dairy Farm,Ice Cream,4.49
3,Frozen Yogurt,Polar,Yogurt,2.99
4,Tomato Soup,Garden,Soup,1.79
"""
PAGE = "<html><body><h1>Trail shoe</h1><p class='price'>$ 89.50</p><button>Add to cart</button></body></html>"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by pip from a copy of the tracked files, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        source, target = ROOT / name, folder / "source" / name
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(folder / "source")], check=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the wheel, and its dependencies from this one."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    install = [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, env=environment(folder / "bin" / "python"))
    # The line is read after the environment's own packages; `.pth` files of the folder it names are not read, so the
    # editable install of this checkout is out of reach.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "python"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A shop's folder with packages of its own under the names of the rooms."""
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text(f"raise RuntimeError('the wrong {room}')\n")
    (tmp_path / "shop.csv").write_text(CATALOGUE)
    (tmp_path / "page.html").write_text(PAGE)
    return tmp_path


def environment(python: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRIMTAB_", "REDIS_", "PYTHON"))}
    return {**kept, "PATH": f"{python.parent}{os.pathsep}{kept['PATH']}"}


@contextmanager
def serving(python: Path, folder: Path, **settings: str) -> Iterator[httpx.Client]:
    port = free_port()
    command = [python, "-m", "trimtab", "serve", "--bundle", "bundles/shop", "--port", str(port)]
    settings = {"TRIMTAB_ADMIN_KEY": "sesame", "TRIMTAB_BUNDLE_FOLDER": "bundles", **settings}
    with (folder / "serve.log").open("w") as log:
        running = subprocess.Popen(command, cwd=folder, env={**environment(python), **settings}, stderr=log)
        try:
            headers = {"Authorization": "Bearer sesame"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, headers=headers) as client:
                eventually(lambda: running.poll() is not None or is_ready(client), seconds=120)
                assert running.poll() is None, (folder / "serve.log").read_text()
                yield client
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(30)


def test_it_holds_trimtab_alone_with_all_its_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"trimtab"}
    shipped = {name.removeprefix("trimtab/") for name in names if name.startswith("trimtab/")}
    tracked = subprocess.run(["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = {name for name in tracked.stdout.splitlines() if name.endswith((".py", *DATA)) and (ROOT / name).exists()}
    assert wanted <= shipped
    assert "py.typed" in shipped
    assert not [name for name in shipped if "test" in Path(name).name]


def test_the_sources_of_a_release_hold_neither_tests_nor_caches(tmp_path: Path, wheel: Path) -> None:
    source = wheel.parent / "source"
    built = "import setuptools.build_meta as b, sys; print(b.build_sdist(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", built, str(tmp_path)], cwd=source, capture_output=True, check=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path / "unpacked", filter="data")
    (root,) = (tmp_path / "unpacked").iterdir()
    assert (root / "src" / "trimtab" / "core" / "__init__.py").is_file()
    assert not (root / "tests").exists()
    assert not list(root.rglob("__pycache__"))


def test_a_shops_story_beside_packages_of_the_same_names(python: Path, folder: Path) -> None:
    def trimtab(*arguments: str) -> str:
        run = subprocess.run(
            [python.parent / "trimtab", *arguments],
            cwd=folder,
            env=environment(python),
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    where = subprocess.run(
        [python, "-P", "-c", "import trimtab; print(trimtab.__file__)"],
        cwd=folder,
        env=environment(python),
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(python.parents[1])
    trimtab("build", "shop.csv", "--out", "bundles/shop", "--quiet")
    trimtab("build", "shop.csv", "--out", "bundles/second", "--quiet")
    assert json.loads(trimtab("pages", "analyze", "page.html", "--json"))["elements"]["price"]["value"] == "89.50"
    trimtab("simulate", "bundles/shop", "--impressions", "300", "--out", "log", "--quiet")
    policy = ("--policy", "revenue=w_relevance:0.5,w_revenue:0.5")
    replayed = json.loads(trimtab("replay", "log", "--bundle", "bundles/shop", *policy, "--out", "report", "--json"))
    assert set(replayed["policies"]) >= {"revenue"}
    with serving(python, folder) as client:
        hits = client.get("/search", params={"q": "ice cream", "k": 2}).json()["hits"]
        assert {hit["item_id"] for hit in hits} == {"1", "2"}
        assert load_bundle(client, "second")["state"] == "loaded"
        assert client.post("/bundles/second/activate").status_code == 200
        analysed = client.post("/pages", json={"html": PAGE, "url": "https://shop.example/trail-shoe"})
        assert analysed.status_code == 200, analysed.text
        assert analysed.json()["page"]["elements"]["price"]["value"] == "89.50"


def test_kernels_compiled_where_it_is_installed_are_read_by_a_service_that_compiles_nothing(
    python: Path, folder: Path
) -> None:
    run = partial(subprocess.run, cwd=folder, env=environment(python), check=True)
    run([python, "-P", "-m", "trimtab.engine.kernels"])
    run([python, "-P", "-m", "trimtab", "build", "shop.csv", "--out", "bundles/shop", "--quiet"])
    with serving(python, folder, NUMBA_CACHE_DIR="compiled") as client:
        assert client.get("/search", params={"q": "ice cream"}).json()["hits"]
    assert not list((folder / "compiled").rglob("*.nb?"))
