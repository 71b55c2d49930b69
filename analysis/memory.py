"""Memory that freed arrays leave behind, given back between the sections of a report.

glibc keeps freed blocks of up to 32 MB to use again; a mixed model of a million answers leaves some 400 MB of them,
beside which the next section would need its own.
"""

import ctypes
import sys


def give_back() -> None:
    """Hand free blocks to the system where its allocator has a call for that; elsewhere nothing."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own; musl has none
        if trim is not None:
            trim(0)
