import shutil
from dataclasses import replace

import pytest

from generator import decoding
from generator.article_request import ArticleOrder, ArticleRequest, Sampling
from generator.prompts import PromptTooLongError, Story, build_prompt
from generator.writer import (
    find_token_limit,
    measure_tokens_per_word,
    open_writer,
    write_candidates,
    write_orders,
)
from tests.generator.conftest import make_articles

STORIES = tuple(Story(row["title"], row["subtitle"], row["body"]) for row in make_articles(3, seed=5, words=40))
REQUEST = ArticleRequest(
    title="Vellmar ferry moved",
    subtitle="Residents of Vellmar counted 12 visitors.",
    context=STORIES,
    conditioned=True,
    target_words=60,
    sampling=Sampling(),
)
SEEDS = [11, 22, 33, 44, 55]


@pytest.fixture(scope="module", params=["alternating", "dense"])
def writer(request, checkpoints):
    return open_writer(checkpoints[request.param], device="cpu")


@pytest.fixture(scope="module")
def drafts(writer):
    return write_candidates(writer, REQUEST, seeds=SEEDS)


def test_a_draft_a_seed_in_order(writer, drafts):
    assert [draft.seed for draft in drafts] == SEEDS
    assert len({draft.text for draft in drafts}) == 5
    limit = find_token_limit(writer, REQUEST)
    assert all(0 < draft.n_tokens <= limit and draft.seconds > 0 for draft in drafts)
    assert len({draft.prompt_sha256 for draft in drafts}) == 1


def test_the_models_write_what_they_learned(drafts):
    fit = [draft for draft in drafts if draft.is_fit]
    assert fit, [draft.flags for draft in drafts]
    assert any("The" in draft.text for draft in fit)


@pytest.mark.parametrize("part", [[11], [33, 55], [55, 44, 33], [22, 11, 44, 33]])
def test_a_draft_hangs_on_its_seed_alone(writer, drafts, part):
    texts = {draft.seed: draft.text for draft in drafts}
    assert {draft.seed: draft.text for draft in write_candidates(writer, REQUEST, seeds=part)} == {
        seed: texts[seed] for seed in part
    }


def test_the_control_does_not_hang_on_title_and_context(writer):
    blind = replace(REQUEST, conditioned=False)
    other = replace(blind, title="Something else", subtitle="")
    first, second = (write_candidates(writer, request, seeds=[1, 2]) for request in (blind, other))
    assert [draft.text for draft in first] == [draft.text for draft in second]
    assert (
        first[0].prompt_sha256
        == second[0].prompt_sha256
        != write_candidates(writer, REQUEST, seeds=[1])[0].prompt_sha256
    )


def test_the_limit_follows_the_human_length(writer):
    per_word = measure_tokens_per_word(writer, REQUEST)
    assert find_token_limit(writer, REQUEST) == -(-60 * 1.15 * per_word // 1)
    assert find_token_limit(writer, replace(REQUEST, sampling=Sampling(max_tokens=30))) == 30
    frame = writer.count_tokens(build_prompt(context=(), title=REQUEST.title, subtitle=REQUEST.subtitle))
    assert find_token_limit(writer, replace(REQUEST, target_words=5000)) == 512 - frame - 1
    card = writer.checkpoint.card
    assert measure_tokens_per_word(writer, replace(REQUEST, context=())) == card.tokens_per_word


def test_lengths_come_out_near_the_target(writer):
    request = replace(REQUEST, sampling=Sampling(length_ratio=1.0))
    for draft in write_candidates(writer, request, seeds=range(4)):
        assert len(draft.text.split()) <= 1.5 * 60
        if "cut_at_limit" in draft.flags and "unfinished" not in draft.flags:
            assert draft.text.rstrip('"').endswith((".", "!", "?"))


def test_a_context_that_is_too_long_loses_its_oldest(writer):
    long_ago = Story("Old", "", "The ferry in Vellmar closed. " * 200)
    request = replace(REQUEST, sampling=Sampling(max_tokens=40))
    with_it, without = (
        write_candidates(writer, replace(request, context=context), seeds=[7])
        for context in ((long_ago, *STORIES[1:]), STORIES[1:])
    )
    assert with_it == [replace(without[0], seconds=with_it[0].seconds)]
    assert with_it[0].n_context == len(STORIES) - 1, "what stood in the prompt is told"


def test_an_instruction_changes_the_prompt_and_not_the_controls(writer):
    zero = replace(REQUEST, context=(), sampling=Sampling(max_tokens=20))
    told = replace(zero, instruction="Write a newspaper article with this title.")
    plain, asked = (write_candidates(writer, request, seeds=[7])[0] for request in (zero, told))
    assert plain.prompt_sha256 != asked.prompt_sha256 and asked.n_context == 0
    controls = [write_candidates(writer, replace(request, conditioned=False), seeds=[7])[0] for request in (zero, told)]
    assert controls[0].prompt_sha256 == controls[1].prompt_sha256


def test_a_title_without_room_is_refused(writer):
    with pytest.raises(PromptTooLongError, match="no room to write"):
        write_candidates(writer, replace(REQUEST, title="ferry " * 600), seeds=[1])


def test_progress_is_told_and_may_end_the_writing(writer):
    calls = []
    write_candidates(writer, REQUEST, seeds=SEEDS, on_progress=lambda done, limit: calls.append((done, limit)))
    most = 5 * find_token_limit(writer, REQUEST)
    assert calls[0] == (0, most) and calls[-1] == (most, most)

    def stop(done, limit):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        write_candidates(writer, REQUEST, seeds=SEEDS, on_progress=stop)


def make_orders(count, *, candidates=5):
    rows = make_articles(count, seed=9)
    return [
        ArticleOrder(
            request=replace(REQUEST, title=row["title"], subtitle=row["subtitle"], target_words=30 + 7 * number),
            seeds=tuple(range(100 * number, 100 * number + candidates)),
        )
        for number, row in enumerate(rows)
    ]


def write_together(writer, orders):
    written = {}
    write_orders(writer, orders, on_written=written.__setitem__)
    return written


def test_articles_written_together_are_those_written_alone(writer, monkeypatch):
    """With room for 8 rows, 6 articles of 5 candidates come and go; rounding moves no text here."""
    orders = make_orders(6)
    alone = {number: write_candidates(writer, order.request, seeds=order.seeds) for number, order in enumerate(orders)}
    for most in (8, 64):
        monkeypatch.setitem(decoding.MAX_ROWS, "cpu", most)
        together = write_together(writer, orders)
        assert {number: [d.text for d in drafts] for number, drafts in together.items()} == {
            number: [d.text for d in drafts] for number, drafts in alone.items()
        }
        assert [draft.seed for draft in together[3]] == list(orders[3].seeds)


def test_the_context_is_read_once_for_all_titles(writer, monkeypatch):
    read = []
    original = decoding.GPTDecoder._read_prefix
    monkeypatch.setattr(
        decoding.GPTDecoder, "_read_prefix", lambda self, prefix: read.append(prefix) or original(self, prefix)
    )
    write_together(writer, make_orders(4))
    assert len(read) == 1
    context = writer.checkpoint.codec.decode(read[0])
    assert context.count("Title:") == 3 and all(story.body[:-80] in context for story in STORIES)


def test_articles_are_handed_over_as_they_are_finished(writer):
    orders = [
        ArticleOrder(replace(REQUEST, target_words=60), (1, 2)),
        ArticleOrder(replace(REQUEST, target_words=10), (3,)),
    ]
    assert list(write_together(writer, orders)) == [1, 0]


def test_an_article_without_room_is_told_and_the_others_are_written(writer):
    orders = make_orders(3, candidates=1)
    orders[1] = replace(orders[1], request=replace(REQUEST, title="ferry " * 600))
    written, refused = {}, {}
    write_orders(writer, orders, on_written=written.__setitem__, on_refused=refused.__setitem__)
    assert sorted(written) == [0, 2] and "no room to write" in str(refused[1])


def test_stop_marks_and_repetition_penalty(writer):
    plain = write_candidates(writer, REQUEST, seeds=[1, 2, 3])
    stopped = write_candidates(writer, replace(REQUEST, sampling=Sampling(stop=("#", "r"))), seeds=[1, 2, 3])
    assert any("r" in draft.text for draft in plain) and not any("r" in draft.text for draft in stopped)
    assert all(whole.text.startswith(cut.text) for whole, cut in zip(plain, stopped, strict=True))
    assert sum(draft.n_tokens for draft in stopped) < sum(draft.n_tokens for draft in plain)
    varied = write_candidates(writer, replace(REQUEST, sampling=Sampling(repetition_penalty=3.0)), seeds=[1, 2, 3])

    def count_distinct(drafts):
        return sum(len(set(draft.text.split())) / max(1, len(draft.text.split())) for draft in drafts)

    assert count_distinct(varied) > count_distinct(plain)


def test_no_seeds_no_drafts(writer):
    assert write_candidates(writer, REQUEST, seeds=[]) == []


def test_a_writer_is_kept_until_its_checkpoint_is_replaced(checkpoints, tmp_path):
    folder = shutil.copytree(checkpoints["dense"], tmp_path / "model")
    first = open_writer(folder, device="cpu")
    assert open_writer(str(folder), device="cpu") is first
    (folder / "config.json").touch()
    assert open_writer(folder, device="cpu") is not first


def test_other_peoples_models_write_too(checkpoints, tmp_path):
    """The dense checkpoint without its card is a GPT-2 like any other; greedy, both paths write the same."""
    foreign = shutil.copytree(checkpoints["dense"], tmp_path / "foreign")
    (foreign / "byline.json").unlink()
    request = replace(REQUEST, sampling=Sampling(top_k=1), target_words=30)
    ours, theirs = (
        write_candidates(open_writer(folder, device="cpu"), request, seeds=[1, 2])
        for folder in (checkpoints["dense"], foreign)
    )
    assert [draft.text for draft in theirs] == [draft.text for draft in ours]
