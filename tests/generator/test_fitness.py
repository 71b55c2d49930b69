import pytest

from generator.fitness import (
    DISQUALIFYING,
    FLAGS,
    FitnessError,
    FitnessRules,
    References,
    guess_language,
    has_leaked_prompt,
    judge_text,
    measure_repetition,
)
from generator.ngram_index import NgramIndex, build_index, open_index
from generator.postprocess import finish_text

LONG = " ".join(f"The council counted {n} boats in harbour {n + 40} today." for n in range(4))
GERMAN = (
    "Der Rat der Stadt hat am Dienstag beschlossen, die Brücke über den Fluss im kommenden Jahr zu erneuern, und die "
    "Bürger werden gebeten, bis dahin den Umweg über die Felder zu nehmen."
)
HUMAN = " ".join(f"word{n}" for n in range(40))


def judge(raw, *, rules=None, hit_limit=False, **references):
    return judge_text(
        finish_text(raw, hit_limit=hit_limit), references=References(**references), rules=rules or FitnessRules()
    )


@pytest.mark.parametrize(
    ("raw", "references", "flags"),
    [
        (LONG, {}, ()),
        ("", {}, ("empty",)),
        ("Too little.", {}, ("too_short",)),
        ("no end here", {}, ("too_short", "unfinished")),
        ("It is what it is. " * 20, {}, ("repetition",)),
        (LONG, {"human_body": HUMAN}, ()),
        (LONG, {"human_body": HUMAN * 4}, ("off_length",)),
        (LONG, {"human_body": " ".join(HUMAN.split()[:20])}, ("off_length",)),
        (LONG, {"context": ("Nothing of this kind.", f"Before it. {LONG} After it.")}, ("copied",)),
        (LONG, {"human_body": LONG}, ("copied_human",)),
        (LONG, {"language": "en-GB"}, ()),
        (LONG, {"language": "de"}, ("wrong_language",)),
        (GERMAN, {"language": "en"}, ("wrong_language",)),
        (GERMAN, {"language": ""}, ()),
        (f"Sure! {LONG}", {}, ("leaked_prompt",)),
    ],
)
def test_flags(raw, references, flags):
    verdict = judge(raw, **references)
    assert verdict.flags == flags
    assert verdict.is_fit == (not set(flags) & set(DISQUALIFYING))


def test_thresholds_and_what_they_forbid_are_settable():
    own = "It rained. " + " ".join(LONG.split()[:19]) + " then, said the mayor, and nobody minded."
    assert judge(own, context=(LONG,)).flags == ()
    assert judge(own, context=(LONG,), rules=FitnessRules(context_run=19)).flags == ("copied",)
    strict = FitnessRules.from_mapping({"disqualifying": ["unfinished"], "min_words": 60})
    assert judge(LONG, rules=strict).is_fit and not judge(LONG[:-1], rules=strict).is_fit
    assert judge(LONG, rules=strict).flags == ("too_short",)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mood": 1}, "fitness has no mood; choose from min_words"),
        ({"min_words": 2.5}, "min_words must be a whole number"),
        ({"least_ratio": 2}, "least_ratio must be a number from 0 to 1"),
        ({"disqualifying": ["dull"]}, "there is no flag dull; the flags are empty"),
    ],
)
def test_faulty_rules_are_named(settings, message):
    with pytest.raises(FitnessError, match=message):
        FitnessRules.from_mapping(settings)


def test_measures_are_facts(tmp_path):
    words = HUMAN.split()
    build_index([" ".join(words[10:30])], tmp_path / "training-ngrams.npy")
    measures = judge(f"{HUMAN}.", human_body=" ".join(words[:20]), training=open_index(tmp_path)).measures
    assert (measures.words, measures.length_ratio, measures.ends_sentence) == (40, 2.0, True)
    assert (measures.human_run, measures.human_share) == (20, pytest.approx(13 / 33))
    assert (measures.training_run, measures.training_share) == (20, pytest.approx(13 / 33))
    alone = judge(HUMAN).measures
    assert (alone.human_run, alone.training_run, alone.length_ratio, alone.context_run) == (None, None, None, 0)


def test_a_passage_of_the_training_text_is_copied(tmp_path):
    text = " ".join(f"word{n}" for n in range(60))
    build_index([text], tmp_path / "training-ngrams.npy")
    index = open_index(tmp_path)
    assert "copied_training" in judge(f"{text}.", training=index).flags
    assert "copied_training" not in judge(" ".join(text.split()[:49]) + ".", training=index).flags
    assert open_index(tmp_path / "elsewhere") is None


def test_the_index_finds_what_is_there_and_nothing_else(tmp_path):
    build_index(["a b c d e f g h i", "short", "p q r s t u v w"], tmp_path / "training-ngrams.npy")
    index = open_index(tmp_path)
    assert index.measure(["x", "a", "b", "c", "d", "e", "f", "g", "h", "i", "y"]) == (9, pytest.approx(2 / 4))
    assert index.measure(["h", "g", "f", "e", "d", "c", "b", "a"]) == (0, 0.0)
    assert index.measure(["a", "b", "c"]) == (0, 0.0)
    build_index([], tmp_path / "training-ngrams.npy")
    assert open_index(tmp_path).measure(["a", "b", "c", "d", "e", "f", "g", "h"]) == (0, 0.0)
    assert isinstance(index, NgramIndex)


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        ("Here is the article you asked for: it rained.", True),
        ("Here’s a news story about the ferry.", True),
        ("Certainly! The ferry moved.", True),
        ("**Ferry moves**\n\nIt moved.", True),
        ("# Ferry moves", True),
        ("Headline: Ferry moves", True),
        ("It rained.<|endoftext|>", True),
        ("Vellmar ferry moved again. It is a new one.", True),  # the title's words begin it
        ("I’m sorry, but I cannot write that.", True),
        ("Here is what the council decided on Monday.", False),
        ("Surely the ferry moved.", False),
        ("Certainly nobody had asked for the article.", False),
        ("The Vellmar ferry moved again, and nobody saw it.", False),
        ("“Sure, why not,” said the mayor.", False),
    ],
)
def test_what_shows_that_it_was_asked_for(text, leaks):
    assert has_leaked_prompt(text, title="Vellmar ferry moved again") == leaks


def test_language_is_guessed_of_few_words_and_of_none():
    assert guess_language(LONG)[0] == "en" and guess_language(GERMAN)[0] == "de"
    assert guess_language(" ") == ("", 0.0)


def test_repetition_is_a_share():
    assert measure_repetition("a b c") == measure_repetition("a b c d e f") == 0
    assert measure_repetition("a b c d A B C D") == pytest.approx(1 / 5)


def test_every_flag_that_forbids_is_a_flag():
    assert set(DISQUALIFYING) <= set(FLAGS) and len(set(FLAGS)) == len(FLAGS)
