"""What an item is worth to an objective: an arithmetic expression over its attributes, such as `price - cost`.

An expression is read by Python's parser and by nothing else of Python: each node of its tree is either on the list
here and becomes a function on arrays, or is refused. Nothing in it is ever called, imported or looked up.

    + - * /    unary -    min(a, b, ...)  max(a, b, ...)  abs(a)  log1p(a)  exp(a)
    if(condition, a, b)   < <= > >= == !=   age_days(date)

An attribute is written by its name; one that is not a plain word in quotes: `"screen size" * 2`. A flag counts as 1 or
0, and so does a comparison. An item that lacks an attribute, or for which something is divided by 0, has no value.
"""

from __future__ import annotations

import ast
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trimtab.core.errors import BadParameter, did_you_mean

Floats = NDArray[np.float64]
Column = Callable[[str], Floats]
"""Name of an attribute -> its values, nan where unknown; a date is in seconds since 1970, in UTC."""

MAX_CHARACTERS = 1000
MAX_NODES = 200
MAX_DEPTH = 30
LARGEST = 1e30
"""Values are cut off there: sums of them, and products with heads, stay within what 32-bit floats hold."""
MAX_LISTED, MAX_SHOWN = 20, 40
"""How many names an error lists, and how many characters of an expression it shows."""
SECONDS_A_DAY = 86_400.0
NUMERIC = ("number", "flag")
DATE = "date"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression is evaluated over.

    Attributes:
        column: of the items.
        moment: the time of the request, in seconds since 1970; or [n_items] of each.
    """

    column: Column
    moment: float | Floats


Term = Callable[[Scope], Floats]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that was checked.

    Attributes:
        columns: the attributes that it reads, in order of appearance.
        uses_clock: whether its value changes with the time alone.
    """

    text: str
    columns: tuple[str, ...]
    uses_clock: bool
    _term: Term = field(repr=False, compare=False)

    def __call__(self, column: Column, n_items: int, *, moment: float | Floats) -> Floats:
        """[n_items] values, nan where there is none, within `LARGEST`.

        Args:
            moment: the time of the request, in seconds since 1970; or [n_items] of each.
        """
        with np.errstate(all="ignore"):
            values = np.array(np.broadcast_to(self._term(Scope(column, moment)), n_items), dtype=np.float64)
        return np.clip(values, -LARGEST, LARGEST)


def parse_expression(text: str, kinds: Mapping[str, str], *, place: str) -> Expression:
    """Read an expression over attributes of these kinds.

    Args:
        kinds: attribute -> `number`, `flag`, `date`, or what cannot be calculated with.
        place: where it is written, for the error.

    Raises:
        BadParameter: it is not an expression, or too large, or reads what is not there; names the place.
    """
    return _Reader(text, kinds, place).expression()


_ALLOWED = "numbers, attributes, + - * / ( ), min, max, abs, log1p, exp, if(c, a, b), comparisons, age_days(date)"
_IF = "if_"
"""What stands for `if` where Python's parser reads it; no attribute can be meant, since `(` follows."""


def _divided(a: Floats, b: Floats) -> Floats:
    return np.where(b == 0, np.nan, np.divide(a, b))


_OPERATORS: dict[type[ast.operator], Callable[[Floats, Floats], Floats]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: _divided,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Floats, Floats], NDArray[np.bool_]]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}


def _log1p(a: Floats) -> Floats:
    return np.where(a > -1, np.log1p(a), np.nan)


def _chosen(condition: Floats, a: Floats, b: Floats) -> Floats:
    return np.where(np.isnan(condition), np.nan, np.where(condition != 0, a, b))


def _largest(*values: Floats) -> Floats:
    return _folded(np.maximum, values)


def _smallest(*values: Floats) -> Floats:
    return _folded(np.minimum, values)


def _folded(function: Callable[[Floats, Floats], Floats], values: Sequence[Floats]) -> Floats:
    folded = values[0]
    for value in values[1:]:
        folded = function(folded, value)
    return folded


@dataclass(frozen=True, slots=True)
class _Function:
    of: Callable[..., Floats]
    least: int
    most: int


_FUNCTIONS = {
    "min": _Function(_smallest, 2, MAX_NODES),
    "max": _Function(_largest, 2, MAX_NODES),
    "abs": _Function(np.abs, 1, 1),
    "log1p": _Function(_log1p, 1, 1),
    "exp": _Function(np.exp, 1, 1),
    _IF: _Function(_chosen, 3, 3),
}
_AGE_DAYS = "age_days"


class _Reader:
    """Turns one text into an expression, or refuses it."""

    def __init__(self, text: str, kinds: Mapping[str, str], place: str) -> None:
        self._text, self._kinds, self._place = " ".join(text.split()), kinds, place
        self._readable = _with_readable_ifs(self._text)
        # Python's parser gives names in NFKC.
        self._names = {unicodedata.normalize("NFKC", name): name for name in kinds}
        self._columns: dict[str, None] = {}
        self._uses_clock = False
        self._n_nodes = 0

    def expression(self) -> Expression:
        if not self._text:
            raise self._error("is empty")
        if len(self._text) > MAX_CHARACTERS:
            raise self._error(f"has {len(self._text)} characters", f"up to {MAX_CHARACTERS} characters")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # what Python's parser merely warns of is not an expression here
                tree = ast.parse(self._readable, mode="eval")
        except (SyntaxError, ValueError, Warning, RecursionError, MemoryError):
            raise self._error(f"{self._text!r} is not an expression") from None
        term = self._term(tree.body, 0)
        return Expression(self._text, tuple(self._columns), self._uses_clock, term)

    def _term(self, node: ast.expr, depth: int) -> Term:
        self._n_nodes += 1
        if self._n_nodes > MAX_NODES or depth > MAX_DEPTH:
            raise self._error("is too large", f"up to {MAX_NODES} terms, nested up to {MAX_DEPTH} deep")
        name = _name_of(node)
        if name is not None:
            return self._attribute(name, NUMERIC)
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return self._number(number)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _applied(np.negative, [self._term(operand, depth + 1)])
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                return _applied(_OPERATORS[type(operator)], self._terms([left, right], depth))
            case ast.Compare(left=left, ops=operators, comparators=rest) if all(
                type(o) in _COMPARISONS for o in operators
            ):
                return self._comparison(self._terms([left, *rest], depth), [_COMPARISONS[type(o)] for o in operators])
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments, depth)
        raise self._error(f"{self._source_of(node)!r} cannot be calculated")

    def _terms(self, nodes: Sequence[ast.expr], depth: int) -> list[Term]:
        return [self._term(node, depth + 1) for node in nodes]

    def _number(self, number: float) -> Term:
        try:
            value = float(number)
        except OverflowError:
            value = math.inf
        if not abs(value) <= LARGEST:
            raise self._error("has a number that is too large", f"numbers up to {LARGEST:g}")
        return lambda _: np.float64(value)  # type: ignore[return-value]  # a scalar broadcasts as an array does

    def _attribute(self, name: str, kinds: Sequence[str]) -> Term:
        usable = [known for known, kind in self._kinds.items() if kind in kinds]
        name = self._names.get(unicodedata.normalize("NFKC", name), name)
        if name not in self._kinds:
            raise self._error(f"there is no attribute {name!r}{did_you_mean(name, usable)}", _listed(usable))
        kind = self._kinds[name]
        if kind == DATE and kinds == NUMERIC:
            raise self._error(f"{name!r} is a date", f"age_days({name}), or {_listed(usable)}")
        if kind not in kinds:
            raise self._error(f"{name!r} is a {kind}{did_you_mean(name, usable)}", _listed(usable))
        self._columns[name] = None
        return lambda scope: scope.column(name)

    def _comparison(
        self, terms: Sequence[Term], comparisons: Sequence[Callable[[Floats, Floats], NDArray[np.bool_]]]
    ) -> Term:
        def compared(*values: Floats) -> Floats:
            """Whether each stands so to the next, as in `0 < price < 20`; nan where one of them is unknown."""
            holds = [one(a, b) for one, a, b in zip(comparisons, values, values[1:], strict=False)]
            unknown = _folded(np.add, values)
            return np.where(np.isnan(unknown), np.nan, np.logical_and.reduce(np.broadcast_arrays(*holds)))

        return _applied(compared, terms)

    def _call(self, name: str, arguments: Sequence[ast.expr], depth: int) -> Term:
        shown = "if" if name == _IF else name
        if name == _AGE_DAYS:
            dated = _name_of(arguments[0]) if len(arguments) == 1 else None
            if dated is None:
                raise self._error(
                    "age_days takes the name of one date", f"age_days({'|'.join(self._dates()) or 'date'})"
                )
            self._uses_clock = True
            date = self._attribute(dated, (DATE,))
            return lambda scope: (scope.moment - date(scope)) / SECONDS_A_DAY
        function = _FUNCTIONS.get(name)
        if function is None:
            known = ["if" if known == _IF else known for known in (*_FUNCTIONS, _AGE_DAYS)]
            raise self._error(f"there is no function {shown!r}{did_you_mean(shown, known)}", ", ".join(known))
        if not function.least <= len(arguments) <= function.most:
            wanted = f"{function.least}" if function.least == function.most else f"{function.least} or more"
            raise self._error(f"{shown} is given {len(arguments)} values", f"{shown} of {wanted}")
        return _applied(function.of, self._terms(arguments, depth))

    def _source_of(self, node: ast.expr) -> str:
        """What was written for a node, cut where it is long."""
        written = self._readable.encode()[node.col_offset : node.end_col_offset].decode().replace(_IF, "if")
        return written if len(written) <= MAX_SHOWN else written[: MAX_SHOWN - 1] + "…"

    def _dates(self) -> list[str]:
        return [name for name, kind in self._kinds.items() if kind == DATE]

    def _error(self, problem: str, allowed: str = _ALLOWED) -> BadParameter:
        return BadParameter(self._place, problem, allowed)


def _applied(function: Callable[..., Floats], terms: Sequence[Term]) -> Term:
    return lambda scope: function(*(term(scope) for term in terms))


def _with_readable_ifs(text: str) -> str:
    """The text with `if(` as a name that Python's parser takes for a function; quoted names stay as they are."""
    parts = re.split(r"""("[^"]*"|'[^']*')""", text)
    return "".join(re.sub(r"\bif(?=\s*\()", _IF, part) if at % 2 == 0 else part for at, part in enumerate(parts))


def _name_of(node: ast.expr) -> str | None:
    """The attribute that a node names: a word, words joined by points, or text in quotes; None where it names none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    rest: list[str] = []
    while isinstance(node, ast.Attribute):
        rest.insert(0, node.attr)
        node = node.value
    return ".".join([node.id, *rest]) if isinstance(node, ast.Name) else None


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MAX_LISTED])
    return (shown + ", ..." if len(names) > MAX_LISTED else shown) or "there is no such attribute in this catalogue"
