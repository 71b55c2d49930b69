import pytest
import torch

from generator.devices import THREADS_VARIABLE, limit_threads, pick_device


def test_threads_are_limited_by_the_environment(monkeypatch):
    before = torch.get_num_threads()
    try:
        monkeypatch.setenv(THREADS_VARIABLE, "1")
        assert limit_threads() == torch.get_num_threads() == 1
        monkeypatch.setenv(THREADS_VARIABLE, "many")
        with pytest.raises(ValueError, match="whole number above 0"):
            limit_threads()
    finally:
        torch.set_num_threads(before)


def test_the_device_is_named_or_found():
    assert pick_device("cpu").type == "cpu"
    assert pick_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
