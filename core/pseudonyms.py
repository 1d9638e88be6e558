"""Pseudonyms of users and sessions: salted hashes, by which the service logs and a replay reads."""

from __future__ import annotations

import hashlib

DIGEST_BYTES = 16


def pseudonym(identifier: str, salt: bytes) -> str:
    """32 hex digits: a keyed blake2b, which nobody without the salt can try ids against."""
    return hashlib.blake2b(identifier.encode(), key=salt, digest_size=DIGEST_BYTES).hexdigest()
