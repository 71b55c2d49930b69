import pytest

from studyapp.domain.fine_tuning import FineTuning, name_tuned


@pytest.mark.parametrize(
    ("generators", "names"),
    [
        (["checkpoint:pilot/0.3m", "checkpoint:pilot/1m"], ["0.3m", "1m"]),
        (["checkpoint:a/0.3m", "checkpoint:b/0.3m"], ["0.3m", "b-0.3m"]),
        (["huggingface:EleutherAI/pythia-160m@main"], ["pythia-160m-main"]),
        (["checkpoint:x", "checkpoint:X"], ["x", "x-2"]),
        (["checkpoint:a/corpus", "checkpoint:é"], ["a-corpus", "model"]),
        (["huggingface:o/" + "m" * 90], ["m" * 60]),
    ],
)
def test_what_a_tuned_model_is_called(generators, names):
    assert name_tuned(generators) == names


def test_a_fine_tuning_in_words():
    assert FineTuning().describe() == "an adapter (LoRA) of rank 8, 3 epochs, rate 0.0003"
    told = FineTuning(method="full", tokens=9000, sections=("Sport", "Town")).describe()
    assert told == "all weights, 9,000 tokens, rate 5e-05, on the sections Sport, Town alone"
