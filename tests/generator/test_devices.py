import pytest
import torch

from generator.devices import (
    THREADS_VARIABLE,
    can_compile,
    limit_threads,
    measure_matrix_rate,
    pick_device,
    pick_precision,
)


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


def test_precision_and_compiling_follow_the_machine(monkeypatch):
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert pick_precision(cpu) == "bf16"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert pick_precision(cpu) == "fp32"
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    assert not can_compile(cpu)


def test_the_matrix_rate_is_a_rate():
    slow_product = measure_matrix_rate(torch.device("cpu"), "fp32")
    assert 1e8 < slow_product < 1e14
