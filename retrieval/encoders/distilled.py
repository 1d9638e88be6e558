"""A quick query encoder taught by a better, slower one.

Items are encoded once, by the teacher; queries all day, by a table of token vectors that was fitted to say of short
texts what the teacher says. The table starts as `wordllama`'s, mapped into the teacher's space by least squares, and
each token that occurs is then moved. (Static distillation of a sentence encoder, as model2vec; Tulkens & van Dongen
2024.)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import regex

from trimtab.catalog.arrow import Texts
from trimtab.core.errors import BundleDamaged
from trimtab.core.records import FloatArray
from trimtab.core.work.progress import Progress
from trimtab.retrieval.encoders.protocol import Encoder
from trimtab.retrieval.encoders.wordllama import StaticEncoder, WordLlama
from trimtab.text.normal import normalised

TEACHER = "minilm"
FILE = "query_tokens.npy"

N_QUERIES = 6000
LONGEST_QUERY = 3
_N_EPOCHS, _BATCH = 12, 256
_RIDGE, _STAY = 1.0, 1e-3
_ADAM: dict[str, Any] = {
    "lr": 3e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False, "maximize": False
}  # fmt: skip
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")


class DistilledQueries(StaticEncoder):
    """Texts to the teacher's space by a table [n_tokens, dim] over `wordllama`'s tokens."""

    name = "distilled"

    def __init__(self, table: FloatArray) -> None:
        super().__init__(WordLlama.tokenizer(), table)

    def save(self, folder: Path) -> None:
        np.save(folder / FILE, self.table.astype(np.float16), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> DistilledQueries:
        """Raises BundleDamaged where the table is missing or cannot be read."""
        try:
            return cls(np.load(folder / FILE, allow_pickle=False).astype(np.float32))
        except (OSError, ValueError) as error:
            raise BundleDamaged(FILE, f"cannot be read ({error})") from error


def pseudo_queries(titles: Texts, *, n: int = N_QUERIES, seed: int = 0) -> list[str]:
    """At most n distinct runs of one to three words of titles: what shoppers of this catalogue might type."""
    rng = np.random.Generator(np.random.PCG64(seed))
    found: dict[str, None] = {}
    for row in rng.permutation(len(titles)):
        words = _WORD.findall(normalised(titles[row]).lower())
        if words:
            length = int(rng.integers(1, LONGEST_QUERY + 1))
            start = int(rng.integers(0, max(1, len(words) - length + 1)))
            found[" ".join(words[start : start + length])] = None
        if len(found) == n:
            break
    return list(found)


def distil(teacher: Encoder, queries: Sequence[str], *, seed: int = 0, progress: Progress) -> DistilledQueries:
    """Fit the token table on what the teacher makes of the queries; deterministic for a seed."""
    import torch  # noqa: PLC0415  # building needs it, searching does not
    from torch.nn import functional  # noqa: PLC0415  # see above
    from torch.optim.adam import adam  # noqa: PLC0415  # see above

    student = WordLlama()
    wanted = _encode(teacher, queries, progress)
    given = student.encode(queries)
    mapped = np.linalg.solve(given.T @ given + _RIDGE * np.eye(given.shape[1]), given.T @ wanted)
    table = (student.table @ mapped).astype(np.float32)

    tokens = student.tokens(queries)
    used = np.unique(np.concatenate([np.array(ids, dtype=np.int64) for ids in tokens]))
    place = {int(token): number for number, token in enumerate(used)}
    longest = max(map(len, tokens))
    ids = torch.zeros(len(tokens), longest, dtype=torch.long)
    there = torch.zeros(len(tokens), longest, 1)
    for row, of_query in enumerate(tokens):
        ids[row, : len(of_query)] = torch.tensor([place[token] for token in of_query])
        there[row, : len(of_query)] = 1.0
    start = torch.from_numpy(table[used])
    moved, target = start.clone().requires_grad_(), torch.from_numpy(wanted)
    # As `torch.optim.Adam`, without the class: its compiler takes a process two seconds to import.
    first, second, step = torch.zeros_like(moved), torch.zeros_like(moved), torch.tensor(0.0)
    shuffle = torch.Generator().manual_seed(seed)
    for epoch in range(_N_EPOCHS):
        for batch in torch.split(torch.randperm(len(ids), generator=shuffle), _BATCH):
            said = functional.normalize((moved[ids[batch]] * there[batch]).sum(dim=1), dim=1)
            loss = (1 - (said * target[batch]).sum(dim=1)).mean() + _STAY * ((moved - start) ** 2).sum(dim=1).mean()
            (gradient,) = torch.autograd.grad(loss, [moved])
            with torch.no_grad():
                adam([moved], [gradient], [first], [second], [], [step], **_ADAM)
        progress("distilling", epoch + 1, _N_EPOCHS)
    table[used] = moved.detach().numpy()
    return DistilledQueries(table)


def _encode(teacher: Encoder, queries: Sequence[str], progress: Progress) -> FloatArray:
    parts = []
    for start in range(0, len(queries), _BATCH):
        parts.append(teacher.encode(queries[start : start + _BATCH]))
        progress("teacher", min(start + _BATCH, len(queries)), len(queries))
    return np.concatenate(parts)
