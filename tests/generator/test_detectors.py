import math

import pytest
import torch

from generator.checkpoint_files import Checkpoint
from generator.decoding import GPTDecoder
from generator.detectors import BINOCULARS, SCORES, DetectionError, Passage, Scorer, cut_windows, score_passages
from generator.foreign_decoding import TransformersDecoder
from generator.model import GPT
from tests.generator.conftest import make_spec


class NumberCodec:
    """A text is numbers with spaces between."""

    end_of_text = 0

    def __init__(self, shift: int = 0) -> None:
        self.shift = shift

    def encode(self, text):
        return [(int(word) + self.shift) % 50 if word.isdigit() else 7 for word in text.split()]

    def decode(self, tokens):
        return " ".join(map(str, tokens))


def make_scorer(name: str = "a", *, seed: int = 1, context: int = 16, first: int | None = 0, **changes) -> Scorer:
    spec = make_spec(context=context, vocab_size=changes.pop("vocab_size", 50), band=4, d_model=16)
    model = GPT(spec)
    model.initialise(seed=seed)
    for parameter in model.parameters():  # far from uniform, so that ranks and curvatures differ
        torch.nn.init.normal_(parameter, std=0.5, generator=torch.Generator().manual_seed(seed))
    codec = NumberCodec(changes.pop("shift", 0))
    return Scorer(name, Checkpoint(decoder=GPTDecoder(model), codec=codec, card=None, first_token=first))


def predict(scorer: Scorer, tokens: list[int]) -> list[float]:
    """ln p of every token after `tokens`, in plain Python."""
    with torch.no_grad():
        model = scorer.checkpoint.decoder.model
        logits = model.project(model(torch.tensor([tokens])))[0, -1].double().tolist()
    total = math.log(sum(map(math.exp, logits)))
    return [logit - total for logit in logits]


def score_naively(scorer: Scorer, text: str, *, observer: Scorer | None = None) -> dict[str, float]:
    """Token by token, a forward pass each, in the words of the definitions."""
    tokens = [*([] if scorer.checkpoint.first_token is None else [0]), *scorer.checkpoint.codec.encode(text)]
    chosen, ranks, entropies, variances, crossed = [], [], [], [], []
    for place in range(1, len(tokens)):
        logs = predict(scorer, tokens[:place])
        chosen.append(logs[tokens[place]])
        ranks.append(1 + sum(other > logs[tokens[place]] for other in logs))
        mean = sum(math.exp(p) * p for p in logs)
        entropies.append(-mean)
        variances.append(sum(math.exp(p) * (p - mean) ** 2 for p in logs))
        if observer:
            seen = predict(observer, tokens[:place])
            crossed.append(-sum(math.exp(q) * p for q, p in zip(seen, logs, strict=True)))
    n = len(chosen)
    expected = {
        "log_likelihood": sum(chosen) / n,
        "log_rank": sum(map(math.log, ranks)) / n,
        "entropy": sum(entropies) / n,
        **{f"gltr_top_{most}": sum(rank <= most for rank in ranks) / n for most in (10, 100, 1000)},
        "lrr": -sum(chosen) / sum(map(math.log, ranks)),
        "fast_detect_gpt": (sum(chosen) + sum(entropies)) / math.sqrt(sum(variances)),
    }
    return expected | ({BINOCULARS: sum(chosen) / -sum(crossed)} if observer else {})


TEXTS = ["3 1 4 1 5 9 2 6 5 3", "2 7", "31 41 5 9 26 5 35 8 9 7 9 3 2", "8 8 8 8 8"]


@pytest.mark.parametrize("first", [0, None])
def test_scores_are_those_of_their_definitions(first):
    scorer, observer = make_scorer(first=first), make_scorer("b", seed=2, first=first)
    texts = [text for text in TEXTS if first == 0 or text != "2 7"]
    performed, observed = score_passages([Passage(text) for text in texts], scorer=scorer, observer=observer)
    for text, own, beside in zip(texts, performed, observed, strict=True):
        assert own.tokens == len(text.split()) - (first is None)
        assert own.scores == pytest.approx(score_naively(scorer, text, observer=observer), rel=2e-5)
        assert beside.scores == pytest.approx(score_naively(observer, text), rel=2e-5)
    assert len({round(one.scores["fast_detect_gpt"], 3) for one in performed}) == len(texts)


def test_a_score_does_not_hang_on_the_batch(monkeypatch):
    scorer = make_scorer()
    (together,) = score_passages([Passage(text) for text in TEXTS], scorer=scorer)
    (turned,) = score_passages([Passage(text) for text in reversed(TEXTS)], scorer=scorer)
    monkeypatch.setattr("generator.reading.BATCH_TOKENS", {"cpu": 1})
    monkeypatch.setattr("generator.reading.MEASURED_AT_ONCE", {"cpu": 1})
    monkeypatch.setattr("generator.reading.LOGITS_AT_ONCE", {"cpu": 150})
    (alone,) = score_passages([Passage(text) for text in TEXTS], scorer=scorer)
    for a, b, c in zip(together, reversed(turned), alone, strict=True):
        assert a.scores == pytest.approx(b.scores, rel=1e-5)
        assert a.scores == pytest.approx(c.scores, rel=1e-5)


def test_a_text_of_fewer_than_two_tokens_has_no_scores():
    (with_mark,) = score_passages([Passage(""), Passage("3"), Passage("3 4")], scorer=make_scorer())
    (without,) = score_passages([Passage("3"), Passage("3 4"), Passage("3 4 5")], scorer=make_scorer(first=None))
    for empty, one, two in (with_mark, without):
        assert empty.scores == one.scores == dict.fromkeys(SCORES)
        assert two.tokens == 2
        assert two.scores["log_likelihood"] < 0


@pytest.mark.parametrize(("length", "before"), [(2, 0), (9, 1), (10, 1), (25, 1), (40, 13), (24, 23), (60, 0)])
def test_windows_score_every_token_once_with_half_a_context_before_it(length, before):
    tokens, scored = list(range(100, 100 + length)), []
    for window in cut_windows(tokens, before=before, context=8):
        assert window.n_read <= 8
        assert window.tokens[0] == 100 or window.begin >= 4
        assert list(window.tokens) == list(range(window.tokens[0], window.tokens[-1] + 1))
        scored += window.tokens[window.begin :]
    assert scored == tokens[max(before, 1) :]


def test_a_text_beyond_the_context_is_read_in_windows():
    scorer = make_scorer(context=8)
    text = " ".join(str(number * 7 % 50) for number in range(1, 20))
    (scored,) = score_passages([Passage(text)], scorer=scorer)[0]
    tokens = [0, *scorer.checkpoint.codec.encode(text)]
    expected = []
    for place in range(1, len(tokens)):
        window = 0 if place <= 8 else -(-(place - 8) // 4)  # each brings four tokens that are new
        begin = min(4 * window, len(tokens) - 1 - 8)
        expected.append(predict(scorer, tokens[begin:place])[tokens[place]])
    assert (scored.tokens, scored.windows) == (19, 4)
    assert scored.scores["log_likelihood"] == pytest.approx(sum(expected) / 19, rel=1e-5)


def test_a_given_title_is_read_and_not_scored():
    scorer = make_scorer(context=32)
    passage = Passage("3 1 4", title="9 9", subtitle="8")
    (bare,), (told,) = (score_passages([passage], scorer=scorer, given=given)[0] for given in ("nothing", "title"))
    frame = [0, 7, 9, 9, 7, 8, 7]  # each label is a 7
    logs = [predict(scorer, frame + [3, 1, 4][:place])[token] for place, token in enumerate([3, 1, 4])]
    assert bare.tokens == told.tokens == 3
    assert told.scores["log_likelihood"] == pytest.approx(sum(logs) / 3, rel=1e-5)
    assert bare.scores["log_likelihood"] != pytest.approx(told.scores["log_likelihood"], rel=1e-3)


def test_only_the_first_words_are_read():
    passage = Passage(" One two.\n\nThree  four", most_words=3)
    assert passage.cut() == " One two.\n\nThree"
    assert Passage("One two", most_words=9).cut() == "One two"
    assert Passage("One", most_words=0).cut() == ""


def test_two_models_need_one_tokenizer():
    with pytest.raises(DetectionError, match="a and b cut texts into different tokens"):
        score_passages([Passage("1 2 3")], scorer=make_scorer(), observer=make_scorer("b", shift=1))
    with pytest.raises(DetectionError, match="vocabularies of 50 and 60"):
        score_passages([Passage("1 2 3")], scorer=make_scorer(), observer=make_scorer("b", vocab_size=60))


def test_a_model_of_transformers_gives_the_same_scores():
    from transformers import GPT2Config, GPT2LMHeadModel

    from generator.checkpoint_files import name_as_gpt2

    ours = make_scorer()
    spec = make_spec(context=16, vocab_size=50, band=4, d_model=16, attention="dense")
    model = GPT(spec)
    model.load_state_dict(ours.checkpoint.decoder.model.state_dict())
    config = GPT2Config(vocab_size=50, n_positions=16, n_embd=16, n_layer=spec.n_layers, n_head=spec.n_heads)
    theirs = GPT2LMHeadModel(config)
    theirs.transformer.load_state_dict(name_as_gpt2(model.state_dict()))
    codec = NumberCodec()
    scored = [
        score_passages(
            [Passage(text) for text in TEXTS], scorer=Scorer("m", Checkpoint(decoder, codec, card=None, first_token=0))
        )[0]
        for decoder in (GPTDecoder(model), TransformersDecoder(theirs))
    ]
    for own, foreign in zip(*scored, strict=True):
        assert own.scores == pytest.approx(foreign.scores, rel=1e-4)
