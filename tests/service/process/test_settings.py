"""Settings: their names end in their unit, and names of the version before go on working with a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.core.errors import BadParameter
from trimtab.service.settings import NEW_NAMES, Settings, read_settings, variables_of

UNITS = (
    "_seconds",
    "_ms",
    "_bytes",
    "_rows",
    "_items",
    "_days",
    "_entries",
    "_searches",
    "_ratio",
    "_port",
    "_rate",
    "_users",
    "_replicas",
)


def test_a_number_ends_in_its_unit() -> None:
    numbers = {name for name, field in Settings.model_fields.items() if field.annotation in (int, float)}
    assert {name for name in numbers if not name.endswith(UNITS)} == {"port", "workers"}


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(("old", "new"), NEW_NAMES.items())
def test_a_deprecated_name_works_and_the_warning_names_the_new_one(
    old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.warns(FutureWarning, match=f"{old} is now called {new}"):
        assert getattr(Settings(**{old: 1}), new) == 1
    monkeypatch.setenv(f"TRIMTAB_{old.upper()}", "1")
    with pytest.warns(FutureWarning, match=f"TRIMTAB_{old.upper()} is now called TRIMTAB_{new.upper()}"):
        assert getattr(read_settings(), new) == 1
    monkeypatch.setenv(f"TRIMTAB_{new.upper()}", "0")
    with pytest.warns(FutureWarning):
        assert getattr(read_settings(), new) == 0
    with pytest.warns(FutureWarning):
        assert getattr(read_settings(**{new: 1}), new) == 1


def test_a_deprecated_variable_that_cannot_be_used_is_named_by_its_new_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_EXPLORATION_SHARE", "half")
    with (
        pytest.warns(FutureWarning),
        pytest.raises(BadParameter, match="TRIMTAB_EXPLORATION_RATIO: cannot use 'half'"),
    ):
        read_settings()


def test_a_data_folder_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("a file where a folder should be")
    for folder in (file, file / "below"):
        with pytest.raises(BadParameter, match=r"TRIMTAB_DATA_FOLDER: cannot use .* is not a folder"):
            read_settings(data_folder=folder)
    assert read_settings(data_folder=tmp_path / "not" / "there" / "yet")


def test_a_variable_that_is_nearly_called_as_a_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_WORKRES", "4")
    with pytest.warns(UserWarning, match=r"TRIMTAB_WORKRES is not a setting \(did you mean TRIMTAB_WORKERS\?\)"):
        assert read_settings().workers == 1
    monkeypatch.delenv("TRIMTAB_WORKRES")
    for name in ("SERVICE_HOST", "SERVICE_PORT", "PORT_8000_TCP", "MILVUS_TIMEOUT_SECONDS", "OF_SOMEBODY_ELSE"):
        monkeypatch.setenv(f"TRIMTAB_{name}", "x")
    assert read_settings()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"workers": 0}, "TRIMTAB_WORKERS: cannot use 0; allowed: greater than or equal to 1"),
        ({"redis_url": "http://a"}, "REDIS_URL: cannot use 'http://a'; allowed: redis://, rediss://, unix://, "),
        ({"shared_folder_url": "mnt"}, "TRIMTAB_SHARED_FOLDER_URL: cannot use 'mnt'; allowed: folder of all machines"),
        ({"user_token_secret": "x"}, "TRIMTAB_USER_TOKEN_SECRET: cannot use it; allowed: "),
    ],
)
def test_a_setting_that_cannot_be_used_says_what_can(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadParameter) as caught:
        read_settings(**given)
    assert str(caught.value).startswith(sentence)


def test_another_process_reads_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Settings(
        catalogue_redis_url="redis://a",
        shared_folder_url=f"file://{tmp_path}",
        catalogue_replicas=1,
        catalogue_timeout_seconds=0.5,
        require_keys=True,
        id_salt="a salt of more than sixteen letters",
        redis_url="redis://b",
        report_folder=None,
        data_folder=tmp_path,
    )
    for name, text in variables_of(given).items():
        monkeypatch.setenv(name, text)
    assert read_settings() == given


def test_operations_lists_every_setting_with_its_default_and_meaning() -> None:
    listed = (Path(__file__).parents[3] / "docs" / "operations.md").read_text().splitlines()
    for name, field in Settings.model_fields.items():
        variable = "REDIS_URL" if name == "redis_url" else f"TRIMTAB_{name.upper()}"
        default = "" if field.default is None else f"`{field.default}`"
        assert f"| `{variable}` | {default} | {field.description} |" in listed
    for old, new in NEW_NAMES.items():
        assert f"| `TRIMTAB_{old.upper()}` | `TRIMTAB_{new.upper()}` |" in listed
