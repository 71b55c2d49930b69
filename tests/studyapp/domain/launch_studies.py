"""A study that is ready in every respect, as facts: what each test bends."""

import random
from dataclasses import replace

from studyapp.domain.launch_facts import ArmFacts, StudyFacts, TextPair

WORDS = ("town", "rain", "mayor,", '"yes"', "1984", "said", "river", "people", "voted", "closed")
CONSENT = """This is a research study of the University of Ulm. You will read articles. There are no known risks. We
keep your answers under a random code for ten years and may publish them. Taking part is voluntary; you may stop at any
time, or withdraw. You must be at least 18 years old."""


def write_pairs(n, *, words=100, rng=None):
    """Pairs of texts drawn alike: of 4 paragraphs, each ending in a full stop, and about as long."""
    rng = rng or random.Random(2)

    def write():
        total = words + rng.randint(-3, 3)
        text = [rng.choice(WORDS) for _ in range(total)]
        cuts = sorted(rng.sample(range(1, total), 3))
        parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, total], strict=True)]
        return "\n\n".join(" ".join(part) + "." for part in parts)

    return tuple(TextPair(human=write(), model=write(), human_run=4, training_run=10) for _ in range(n))


ARM = ArmFacts(
    name="small", is_control=False, n_params=10**8, generator="checkpoint:small", stimuli=60, jobs_unfinished=0,
    flags=(), pairs=write_pairs(60),
)  # fmt: skip
CONTROL = replace(ARM, name="control", is_control=True)
READY = StudyFacts(
    state="draft", language="en", n_items=60, n_context=3, human_stimuli=60, forms_balanced=True, stand_in_items=0,
    items_looked_at=60, items_flagged=0, consent=CONSENT, instructions="i", question="q", debriefing="d",
    participants_per_cell=60, platform="anonymous", estimated_minutes=30, reward="USD 6", contact="lab@example.org",
    site_url="https://study.example.org", arms=(CONTROL, ARM),
)  # fmt: skip
