"""Loops over candidates as machine code. The only place that knows Numba.

A kernel is a function of plain loops over arrays and numbers. Numba compiles it for fixed types when it is called
first, for the processor, and keeps the code beside the module, or where that cannot be written in the user's cache.
What is beside the module is read even where that cannot be written, and then code for what many processors have
(`LEVELS`) too, as an image brings it (`trimtab.engine.kernels`). Floating-point operations stay in the order they are
written in unless a kernel says otherwise, so it gives to the bit what the same function gives as plain Python
(`Kernel.function`; all of them with `NUMBA_DISABLE_JIT=1`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, cached_property, partial
from importlib import import_module
from platform import machine
from typing import Any

from numpy.typing import NDArray

KERNELS: list[Kernel] = []
"""Those of the modules that are imported."""

Type = str | tuple[Any, ...]
IN_ANY_ORDER = {"reassoc", "contract"}
OPTIONS = {"nogil": True, "error_model": "numpy"}
V3 = frozenset({"avx2", "bmi", "bmi2", "cx16", "f16c", "fma", "lzcnt", "movbe", "popcnt", "sse4.2", "xsave"})
V4 = V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
LEVELS = {"x86-64-v4": V4, "x86-64-v3": V3} if machine() == "x86_64" else {}
"""What kernels may be compiled for beside a processor itself, the best first, and what that needs to run them."""


class Kernel:
    """A function that is compiled when it is called first.

    Attributes:
        function: as plain Python.
    """

    def __init__(self, function: Callable[..., Any], types: tuple[Type, ...], *, adds_in_any_order: bool) -> None:
        self.function = function
        self._types = types
        self._fastmath = IN_ANY_ORDER if adds_in_any_order else False

    def __call__(self, *arguments: Any) -> None:
        self.compiled(*arguments)

    @cached_property
    def compiled(self) -> Callable[..., Any]:
        """The function as machine code."""
        numba = _numba()
        signature = numba.types.void(*(_type_of(numba.types, one) for one in self._types))
        options = {**OPTIONS, "fastmath": self._fastmath}
        code: Any
        try:
            code = numba.njit(cache=True, **options)(self.function)
        except RuntimeError:  # there is no folder that could be written
            code = numba.njit(**options)(self.function)
        if code is not self.function:  # which it is where Numba is switched off
            with _reading_alone(code):
                code.compile(signature)
            code.disable_compile()
        compiled: Callable[..., Any] = code
        return compiled


class KernelPart:
    """A function that the kernels of its module call. (Those of another would not notice when it is changed.)"""

    def __init__(self, function: Callable[..., Any], *, adds_in_any_order: bool = False) -> None:
        self.function = function
        self._fastmath = IN_ANY_ORDER if adds_in_any_order else False

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    @cached_property
    def dispatcher(self) -> Any:
        """What Numba takes for the function."""
        return _numba().njit(fastmath=self._fastmath, **OPTIONS)(self.function)


any_order = partial(KernelPart, adds_in_any_order=True)
"""Make a function a part of kernels, whose sums are added as it suits the processor."""


def kernel(*types: Type, adds_in_any_order: bool = False) -> Callable[[Callable[..., Any]], Kernel]:
    """Make a function that returns nothing a kernel.

    Args:
        types: of its arguments: `f8` a number, `f8[:,:]` a contiguous array that is read, `out f8[:]` one that is
            written to; of a named tuple its class and the types of its fields, where what is read must be `read_only`.
        adds_in_any_order: sums are added as it suits the processor, which moves their last digits.
    """

    def made(function: Callable[..., Any]) -> Kernel:
        KERNELS.append(Kernel(function, types, adds_in_any_order=adds_in_any_order))
        return KERNELS[-1]

    return made


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """An array as the fields of a named tuple are read."""
    view = array.view()
    view.flags.writeable = False
    return view


def compile_kernels() -> None:
    """Compile the kernels of the modules that are imported, or read them from the cache: then no request waits."""
    for one in KERNELS:
        _ = one.compiled


@cache
def _numba() -> Any:
    """Numba, which is imported by who searches: it takes a fifth of a second and 130 MiB."""
    import numba  # noqa: PLC0415  # see above
    from numba.extending import typeof_impl  # noqa: PLC0415  # see above

    @typeof_impl.register(KernelPart)
    def _(part: KernelPart, context: Any) -> Any:
        return typeof_impl(part.dispatcher, context)

    return numba


@contextmanager
def _reading_alone(dispatcher: Any) -> Iterator[None]:
    """Read code from the cache without what Numba compiles with, SciPy among it: importing that takes twice as long.

    What is not in the cache is compiled as ever. Numba has no door for this, so parts of it are replaced meanwhile; a
    Numba that has other parts reads as it does by itself.
    """
    from numba.core.compiler_lock import global_compiler_lock  # noqa: PLC0415  # see `_numba`

    environment: Any = import_module("numba.core.environment")
    try:
        cache, rebuild = dispatcher._cache, environment._rebuild_env  # noqa: SLF001  # see above
        load = getattr(cache, "_load_overload", cache.load_overload)
        known_before, lookup = environment.Environment._memo, environment.lookup_environment  # noqa: SLF001  # see above
        rtsys = import_module("numba.core.runtime.nrt").rtsys
        installed = [_installed_cache()(dispatcher.py_func, one) for one in _processors()]
    except (AttributeError, ImportError):
        yield
        return

    def load_alone(signature: Any, target: Any) -> Any:
        rtsys.initialize(target)
        environment._rebuild_env = rebuild_alone  # noqa: SLF001  # see above
        try:
            found = load(signature, target)
            others = (one._load_overload(signature, target) for one in installed)  # noqa: SLF001  # see above
            return next(filter(None, others), None) if found is None else found
        finally:  # what is written refers to Numba's own
            environment._rebuild_env = rebuild  # noqa: SLF001  # see above

    def rebuild_alone(module: str, constants: Any, name: str) -> Any:
        """What a function of Numba's knows, but for the names of its module: machine code looks none of them up."""
        if module in sys.modules or lookup(name) is not None:
            return rebuild(module, constants, name)
        known = environment.Environment({"__name__": module})
        known.consts[:], known.env_name = constants, name
        known_before[name] = known
        return known

    with global_compiler_lock:
        cache.load_overload = load_alone
        yield


@cache
def _processors() -> tuple[str, ...]:
    """What code may have been compiled for that runs here: the processor itself, nameless, and its levels.

    Where `NUMBA_CPU_NAME` says for what, only that.
    """
    from llvmlite.binding import get_host_cpu_features  # noqa: PLC0415  # see `_numba`

    if _numba().config.CPU_NAME is not None:
        return ("",)
    return ("", *(level for level, needed in LEVELS.items() if all(map(get_host_cpu_features().get, needed))))


@cache
def _installed_cache() -> Any:
    """A cache of what is beside a function's module, which Numba reads only where it could write too."""
    caching: Any = import_module("numba.core.caching")

    class Locator(caching.InTreeCacheLocator):  # type: ignore[misc]
        def ensure_cache_path(self) -> None:
            """It is read, never written."""

    class Implementation(caching.CompileResultCacheImpl):  # type: ignore[misc]
        _locator_classes = (Locator,)

    class Installed(caching.FunctionCache):  # type: ignore[misc]
        _impl_class = Implementation

        def __init__(self, function: Callable[..., Any], level: str) -> None:
            super().__init__(function)
            self._level = level

        def _index_key(self, signature: Any, codegen: Any) -> Any:
            signature, (triple, *processor), code = super()._index_key(signature, codegen)
            return signature, (triple, self._level, "") if self._level else (triple, *processor), code

    return Installed


def _type_of(types: Any, given: Type) -> Any:
    if not isinstance(given, str):
        tuple_type, *fields = given
        of_fields = [_type_of(types, one) for one in fields]
        if len(set(of_fields)) == 1:
            return types.NamedUniTuple(of_fields[0], len(of_fields), tuple_type)
        return types.NamedTuple(of_fields, tuple_type)
    name, _, dimensions = given.removeprefix("out ").partition("[")
    number = getattr(types, name)
    return (
        types.Array(number, dimensions.count(":"), "C", readonly=not given.startswith("out ")) if dimensions else number
    )
