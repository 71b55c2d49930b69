"""Memory is given back where the allocator has a call for it."""

import ctypes
from types import SimpleNamespace

import pytest

from analysis.memory import give_back


@pytest.mark.parametrize(
    ("platform", "library", "calls"),
    [("linux", SimpleNamespace(malloc_trim=0), [0]), ("linux", SimpleNamespace(), []), ("darwin", None, [])],
)
def test_only_glibc_is_asked(monkeypatch, platform, library, calls):
    asked = []
    if hasattr(library, "malloc_trim"):
        library.malloc_trim = asked.append
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    give_back()
    assert asked == calls
