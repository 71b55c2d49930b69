import pytest
import torch

from generator.model import GPT
from generator.specs import SIZES, SpecError, find_spec

PUBLISHED = {  # PROTOCOL §4, computed, in millions
    "small": 125.2, "medium": 355.9, "large": 760.3, "xl": 1315.7, "2.7b": 2651.6, "6.7b": 6658.4, "13b": 12853,
    "175b": 174604,
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_sizes_have_the_computed_parameters(name):
    assert find_spec(name).n_params / 1e6 == pytest.approx(PUBLISHED[name], abs=0.06 if PUBLISHED[name] < 1e4 else 0.6)


@pytest.mark.parametrize("name", SIZES)
def test_the_formula_counts_the_real_model(name):
    with torch.device("meta"):
        model = GPT(find_spec(name))
    assert sum(parameter.numel() for parameter in model.parameters()) == find_spec(name).n_params


@pytest.mark.parametrize("name", ["0.3m", "1m", "3m", "10m", "30m", "60m", "160m"])
def test_small_sizes_are_near_their_names(name):
    assert find_spec(name).n_params / 1e6 == pytest.approx(float(name[:-1]), rel=0.08)
    assert 32 <= find_spec(name).d_head <= 64


def test_demo_control_is_the_smallest():
    assert find_spec("demo-control").n_params == min(spec.n_params for spec in SIZES.values())


def test_layers_alternate_dense_first():
    assert find_spec("1m").layer_kinds() == ("dense", "banded", "dense")
    assert set(find_spec("1m", attention="dense").layer_kinds()) == {"dense"}


def test_found_by_parameters_and_changed():
    spec = find_spec("125M", vocab_size=1000, context=128)
    assert (spec.name, spec.vocab_size, spec.context, spec.d_ff) == ("small", 1000, 128, 3072)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("huge", {}, "the sizes are demo-control, 0.3m"),
        ("1m", {"vocab_size": 0}, "vocab_size must be"),
        ("1m", {"attention": "sparse"}, "attention must be"),
    ],
)
def test_what_cannot_be_is_refused(name, changes, message):
    with pytest.raises(SpecError, match=message):
        find_spec(name, **changes)


def test_the_order_and_width_of_bands():
    spec = find_spec("1m", attention="alternating-banded-first", band=64)
    assert spec.layer_kinds() == ("banded", "dense", "banded") and spec.band == 64
    assert find_spec("1m").layer_kinds() == ("dense", "banded", "dense")
    with pytest.raises(SpecError, match="band must be"):
        find_spec("1m", band=0)


def test_flops_are_those_of_the_matrix_products():
    """Counted product by product on a shape small enough to do so by hand, and against 6·N for a large one."""
    spec = find_spec("1m", vocab_size=500, context=8, attention="dense")
    d, layers = spec.d_model, spec.n_layers
    products = layers * (3 * d * d + d * d + 2 * 4 * d * d) + 500 * d
    keys = sum(range(1, 9)) / 8
    assert spec.count_training_flops() == pytest.approx(3 * 2 * (products + layers * 2 * d * keys))
    banded = find_spec("1m", vocab_size=500, context=8, band=3)
    seen = (1 + 2 + 3 * 6) / 8
    expected = 3 * 2 * (products + 2 * d * (2 * keys + seen))
    assert banded.count_training_flops() == pytest.approx(expected)
    xl = find_spec("xl")
    assert xl.count_training_flops() == pytest.approx(6 * xl.n_params, rel=0.12)
