import random

import pytest

from studyapp.domain.surface_cues import FEATURES, audit_cues, measure_auc


def test_the_chance_of_a_larger_value_counts_ties_half():
    assert measure_auc([1.0, 2.0], [3.0, 4.0]) == 1.0
    assert measure_auc([1.0, 2.0], [2.0, 2.0]) == 0.75
    assert measure_auc([3.0] * 4, [3.0] * 5) == 0.5


def write_text(rng, *, paragraphs, words=60):
    parts = []
    for _ in range(paragraphs):
        sentence = " ".join(rng.choice(("town", "rain", "mayor,", '"yes"', "1984", "said")) for _ in range(words))
        parts.append(sentence + rng.choice((".", ".", "")))
    return "\n\n".join(parts)


def test_texts_of_one_kind_are_seldom_said_to_differ():
    rng = random.Random(11)
    alarms, aucs = 0, []
    for _ in range(8):
        human, model = (tuple(write_text(rng, paragraphs=rng.randint(1, 4)) for _ in range(16)) for _ in range(2))
        audit = audit_cues(human, model)
        alarms += audit.is_telling
        aucs.append(audit.auc)
    assert alarms <= 2  # more than 2 of 8 at a rate of 0.05 have a probability of 0.006
    assert 0.35 < sum(aucs) / len(aucs) < 0.65


@pytest.mark.parametrize(
    ("feature", "change"),
    [
        ("length", lambda text: text + " and so on" * 20),
        ("paragraphs", lambda text: text.replace("\n\n", " ")),
        ("punctuation", lambda text: text.replace(",", "")),
        ("quotation marks", lambda text: text.replace('"', "")),
        ("digits", lambda text: text.replace("1984", "once")),
        ("a cut end", lambda text: text.rstrip(".") + " and"),
        ("capital words", lambda text: text.replace("town", "Town").replace("said", "Said")),
        ("word length", lambda text: text.replace("rain", "thunderstorms").replace("town", "municipality")),
    ],
)
def test_a_planted_cue_is_found_by_its_name(feature, change):
    rng = random.Random(5)
    human = tuple(write_text(rng, paragraphs=4) + "." for _ in range(20))
    model = tuple(change(write_text(rng, paragraphs=4) + ".") for _ in range(20))
    audit = audit_cues(human, model)
    assert audit.is_telling
    assert audit.accuracy > 0.9
    assert audit.low < audit.accuracy <= audit.high <= 1
    strongest = [cue for cue in audit.cues if cue.strength == audit.cues[0].strength]
    assert feature in {cue.feature for cue in strongest}
    assert audit.cues[0].tell().startswith(f"{audit.cues[0].feature}: ")
    assert {cue.feature for cue in audit.cues} == set(FEATURES)


def test_weak_cues_add_up():
    """Five features, each a little apart, tell together what none of them tells alone."""
    rng = random.Random(8)

    def write(extra):
        words = [rng.choice(("town", "Rain", "mayor,", '"yes"', "1984", "said")) for _ in range(60)]
        for number in range(60):
            if rng.random() < extra:
                words[number] = rng.choice(("Mayor,", '"no"', "2020", "Extraordinarily"))
        return " ".join(words) + "."

    human, model = tuple(write(0.0) for _ in range(40)), tuple(write(0.18) for _ in range(40))
    audit = audit_cues(human, model)
    assert audit.is_telling
    assert audit.auc > max(cue.strength for cue in audit.cues) - 0.05


def test_few_items_measure_nothing_and_unequal_numbers_are_no_pairs():
    assert audit_cues(("a.",) * 3, ("b.",) * 3) is None
    with pytest.raises(ValueError, match="no pairs"):
        audit_cues(("a.",), ())


def test_equal_texts_are_at_chance():
    texts = tuple(write_text(random.Random(n), paragraphs=2) for n in range(6))
    audit = audit_cues(texts, texts)
    assert (audit.accuracy, audit.auc, audit.p) == (0.5, 0.5, 1.0)
