"""Value expressions: a merchandiser's arithmetic, equal to a scalar reference, and nothing of Python beside it."""

from __future__ import annotations

import builtins
import math
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.core.errors import BadParameter
from trimtab.ranker.expressions import LARGEST, MAX_CHARACTERS, Expression, parse_expression

KINDS = {"price": "number", "cost": "number", "private_label": "flag", "released": "date", "colour": "text"}
NOW = 1_700_000_000.0
DAY = 86_400.0
NAN = float("nan")

Row = Mapping[str, float]
Reference = Callable[[Row], float]


def expression(text: str) -> Expression:
    return parse_expression(text, KINDS, place="objectives.margin.value")


def value(text: str, **row: float) -> float:
    return float(expression(text)(lambda name: np.array([row[name]]), 1, moment=NOW)[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price - cost", 4.0),
        ("if(private_label, price * 0.4, price * .1)", 4.0),
        ("max(price - cost, 0) / price", 0.4),
        ("exp(-age_days(released) / 30)", math.exp(-2 / 3)),
        ("5 <= price < 20", 1.0),
        ('"price" * 2', 20.0),
        ("-min(price, cost, 3)", -3.0),
        ("log1p(abs(cost - price))", math.log(5)),
        ("7", 7.0),
    ],
)
def test_a_merchandiser_says_what_an_item_is_worth(text: str, expected: float) -> None:
    item = {"price": 10.0, "cost": 6.0, "private_label": 1.0, "released": NOW - 20 * DAY}
    assert value(text, **item) == pytest.approx(expected)


def test_what_an_item_lacks_or_divides_by_zero_has_no_value() -> None:
    assert math.isnan(value("price - cost", price=10, cost=NAN))
    assert math.isnan(value("price / cost", price=10, cost=0))
    assert math.isnan(value("log1p(-price)", price=3))
    assert math.isnan(value("if(cost > 1, 1, 2)", cost=NAN))
    assert value("if(price > 1, 1, cost)", price=2, cost=NAN) == 1
    assert math.isfinite(value("exp(price)", price=1e9))


def test_an_expression_says_what_it_depends_on() -> None:
    found = expression("price * exp(-age_days(released))")
    assert found.columns == ("price", "released")
    assert found.uses_clock
    assert not expression("price").uses_clock


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prize - cost", "did you mean 'price'"),
        ("price - colour", "'colour' is a text"),
        ("price - released", "age_days(released)"),
        ("age_days(price)", "'price' is a number"),
        ("age_days(released + 1)", "name of one date"),
        ("mni(price, cost)", "did you mean 'min'"),
        ("if(price, cost)", "if is given 2 values"),
        ("price ** 2", "'price ** 2' cannot be calculated"),
        ("price and cost", "cannot be calculated"),
        ("price if (cost) else 2", "is not an expression"),
        ("price = 3", "is not an expression"),
        ("", "is empty"),
        ("9e999", "too large"),
        ("1j", "cannot be calculated"),
        ("True", "'True' cannot be calculated"),
        ("(" * 300 + "1" + ")" * 300, "is not an expression"),
        ("-" * 100 + "1", "is too large"),
        ("1+" * (MAX_CHARACTERS // 2) + "1", "characters"),
        ("+".join("1" * 300), "is too large"),
        ("~" * 500 + "1", "cannot be calculated"),
        ("'\\d'", "is not an expression"),
    ],
)
def test_what_is_not_an_expression_is_refused_by_its_place(text: str, said: str) -> None:
    with pytest.raises(BadParameter) as refused:
        expression(text)
    assert refused.value.name == "objectives.margin.value"
    assert said in str(refused.value)


HOSTILE = (
    "__import__('os').system('true')",
    "price.__class__.__mro__",
    "(lambda: 1)()",
    "[x for x in (1, 2)]",
    "open('/etc/passwd')",
    "eval('1')",
    "f'{price}'",
    "price := 3",
    "abs(*price)",
    "abs(x=1)",
    "min.__call__(1, 2)",
    "price[0]",
    "exec",
    "getattr(price, 'x')",
    "(yield)",
    "await price",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_python_runs(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any, **__: Any) -> Any:
        raise AssertionError("something was executed")

    monkeypatch.setattr(builtins, "eval", forbidden)
    monkeypatch.setattr(builtins, "exec", forbidden)
    monkeypatch.setattr(subprocess, "Popen", forbidden)
    with pytest.raises(BadParameter):
        expression(text)


@given(st.text(max_size=60) | st.text("price cost()+-*/,<>=0123456789.'\"if", max_size=60))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        found = expression(text)
    except BadParameter:
        return
    values = found(lambda _: np.array([1.0, NAN, 0.0]), 3, moment=NOW)
    assert values.shape == (3,)
    assert not np.isinf(values).any()


def leaves() -> st.SearchStrategy[tuple[str, Reference]]:
    numbers = st.sampled_from([0.0, 0.5, 1.0, 2.0, 17.25])
    named = st.sampled_from(["price", "cost", "private_label"])
    return st.one_of(
        numbers.map(lambda number: (repr(number), lambda _: number)),
        named.map(lambda name: (name, lambda row: row[name])),
        st.just(("age_days(released)", lambda row: (NOW - row["released"]) / DAY)),
    )


def _divided(a: float, b: float) -> float:
    return NAN if b == 0 else a / b


def _bounded(function: Callable[[float], float]) -> Callable[[float], float]:
    def bounded(a: float) -> float:
        try:
            return function(a)
        except OverflowError:
            return math.inf
        except ValueError:
            return NAN

    return bounded


def _known(function: Callable[..., float]) -> Callable[..., float]:
    """nan where one of the values is."""
    return lambda *values: NAN if any(map(math.isnan, values)) else function(*values)


BINARY: dict[str, Callable[[float, float], float]] = {
    "({} + {})": lambda a, b: a + b,
    "({} - {})": lambda a, b: a - b,
    "({} * {})": lambda a, b: a * b,
    "({} / {})": _divided,
    "({} < {})": _known(lambda a, b: float(a < b)),
    "({} >= {})": _known(lambda a, b: float(a >= b)),
    "({} != {})": _known(lambda a, b: float(a != b)),
    "min({}, {})": _known(min),
    "max({}, {})": _known(max),
}
UNARY: dict[str, Callable[[float], float]] = {
    "(-{})": lambda a: -a,
    "abs({})": abs,
    "log1p({})": _bounded(math.log1p),
    "exp({})": _bounded(math.exp),
}


def _extended(inner: st.SearchStrategy[tuple[str, Reference]]) -> st.SearchStrategy[tuple[str, Reference]]:
    def unary(name: str, a: tuple[str, Reference]) -> tuple[str, Reference]:
        return name.format(a[0]), lambda row: UNARY[name](a[1](row))

    def binary(name: str, a: tuple[str, Reference], b: tuple[str, Reference]) -> tuple[str, Reference]:
        return name.format(a[0], b[0]), lambda row: BINARY[name](a[1](row), b[1](row))

    def chosen(c: tuple[str, Reference], a: tuple[str, Reference], b: tuple[str, Reference]) -> tuple[str, Reference]:
        def of(row: Row) -> float:
            condition = c[1](row)
            return NAN if math.isnan(condition) else a[1](row) if condition != 0 else b[1](row)

        return f"if({c[0]}, {a[0]}, {b[0]})", of

    return st.one_of(
        st.builds(unary, st.sampled_from(list(UNARY)), inner),
        st.builds(binary, st.sampled_from(list(BINARY)), inner, inner),
        st.builds(chosen, inner, inner, inner),
    )


EXPRESSIONS = st.recursive(leaves(), _extended, max_leaves=12)
NUMBERS = st.sampled_from([NAN, 0.0, 1.0, 3.5, 1000.0, -2.0])


@given(
    EXPRESSIONS,
    st.lists(
        st.fixed_dictionaries(
            {"price": NUMBERS, "cost": NUMBERS, "private_label": st.sampled_from([0.0, 1.0]), "released": NUMBERS}
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_arrays_give_what_a_scalar_reference_gives(built: tuple[str, Reference], rows: list[dict[str, float]]) -> None:
    text, reference = built
    found = expression(text)(lambda name: np.array([row[name] for row in rows]), len(rows), moment=NOW)
    expected = np.clip([reference(row) for row in rows], -LARGEST, LARGEST)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
