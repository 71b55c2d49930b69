"""Work on the parts of a large mixed model side by side: numpy lets threads run while it computes.

What is put together from the parts is put together in their order, so that results do not hang on the threads.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_info

Part = TypeVar("Part")
Found = TypeVar("Found")
MOST_THREADS = 4
WORTH_ROWS = 50_000  # fewer rows are worked through sooner than threads are told of them


class SideBySide:
    """Applies a function to parts, on as many threads as linear algebra may have, or on none where rows are few."""

    def __init__(self, rows: int) -> None:
        allowed = [int(library["num_threads"]) for library in threadpool_info() if library["user_api"] == "blas"]
        threads = min(max(allowed, default=1), MOST_THREADS)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 and rows >= WORTH_ROWS else None

    def apply(self, work: Callable[[Part], Found], parts: Iterable[Part]) -> list[Found]:
        """What `work` makes of every part, in their order."""
        return list(map(work, parts)) if self._pool is None else list(self._pool.map(work, parts))
