"""A thread that works stands back while another one answers."""

from __future__ import annotations

import threading

import pytest

from trimtab.core import courtesy
from trimtab.core.courtesy import answering, politely


@pytest.fixture(autouse=True)
def _without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "WAITED_SECONDS", None)
    monkeypatch.setattr(courtesy, "WORKED_SECONDS", 0.0)


def test_who_works_goes_on_when_the_answer_is_given() -> None:
    done = list[object]()
    asked, may_begin = threading.Event(), threading.Event()

    def work() -> None:
        for item in politely(range(3)):
            done.append(item)
            asked.set()
            may_begin.wait()

    worker = threading.Thread(target=work)
    worker.start()
    asked.wait()  # nobody is being answered: the first item is had at once
    with answering():
        may_begin.set()
        done.append("answered")
    worker.join()
    assert done == [0, "answered", 1, 2]


def test_who_answers_waits_for_nobody_and_what_fails_holds_nobody_up() -> None:
    @answering()
    def fail() -> None:
        assert list(politely("abc")) == ["a", "b", "c"]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    worker = threading.Thread(target=lambda: list(politely("abc")))
    worker.start()
    worker.join()
