import pytest
import torch
from torch.nn import functional

from generator.packed_linear import PackedLinear


@torch.inference_mode()
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_it_is_the_linear_map_and_a_row_is_the_same_in_any_company(has_bias, dtype, tolerance):
    rng = torch.Generator().manual_seed(1)
    weight, states = torch.randn(300, 96, generator=rng) / 10, torch.randn(70, 96, generator=rng)
    bias = torch.randn(300, generator=rng) if has_bias else None
    linear = PackedLinear(weight, bias, dtype=dtype)
    together = linear(states)
    assert together.dtype == torch.float32
    torch.testing.assert_close(together, functional.linear(states, weight, bias), atol=tolerance, rtol=tolerance)
    curved = functional.gelu(functional.linear(states, weight, bias), approximate="tanh")
    torch.testing.assert_close(linear(states, gelu=True), curved, atol=tolerance, rtol=tolerance)
    if dtype == torch.float32:
        for rows in (1, 4, 7, 64):
            assert torch.equal(linear(states[:rows]), together[:rows]), rows
