"""How fast digests are, on small and on big data: behind decision 0001.

python benchmarks/digests.py
"""

from __future__ import annotations

import hashlib
import os
import timeit
from collections.abc import Callable

from blake3 import blake3

SIZES = {"1 KiB": 1 << 10, "1 MiB": 1 << 20, "64 MiB": 1 << 26}
REPEATS = 5

DIGESTS: dict[str, Callable[[bytes], str]] = {
    "sha256": lambda data: hashlib.sha256(data).hexdigest(),
    "blake2b": lambda data: hashlib.blake2b(data, digest_size=32).hexdigest(),
    "blake3": lambda data: blake3(data).hexdigest(),
    "blake3, all processors": lambda data: blake3(data, max_threads=blake3.AUTO).hexdigest(),
}


def rate(digest: Callable[[bytes], str], data: bytes) -> float:
    """MiB per second, the best of several repeats of at least a few milliseconds each."""
    times = max(1, (1 << 23) // len(data))
    best = min(timeit.repeat(lambda: digest(data), number=times, repeat=REPEATS))
    return len(data) * times / best / 2**20


def main() -> None:
    """Prints one line for each algorithm."""
    print(f"{'MiB per second':<24}" + "".join(f"{name:>10}" for name in SIZES))
    for name, digest in DIGESTS.items():
        print(f"{name:<24}" + "".join(f"{rate(digest, os.urandom(size)):10.0f}" for size in SIZES.values()))


if __name__ == "__main__":
    main()
