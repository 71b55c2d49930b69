"""A small ladder made through the real actions, with a corpus of made-up news."""

from django.conf import settings

from studyapp.actions.training_ladders import LadderRequest, make_ladder
from studyapp.domain.fine_tuning import FineTuning, TunableModel
from studyapp.models import TrainingLadder
from tests.generator.conftest import make_articles, write_jsonl

RUNG = '[[model]]\nname = "{name}"\nsize = "demo-control"\ntokens = {tokens}\nbatch_tokens = 256\n'
HEAD = "[ladder]\nvocab = 300\ncontext = 64\nseed = 1\n"


def write_ladder_text(names=("small", "large"), *, tokens=3000) -> str:
    return HEAD + "".join(RUNG.format(name=name, tokens=tokens) for name in names)


def put_corpus(name="news.jsonl", *, count=40) -> str:
    settings.CORPORA_DIR.mkdir(parents=True, exist_ok=True)
    write_jsonl(settings.CORPORA_DIR / name, make_articles(count))
    return name


def make_small_ladder(slug="mine", *, names=("small", "large"), tokens=3000, **changes) -> TrainingLadder:
    request = {
        "slug": slug, "text": write_ladder_text(names, tokens=tokens), "corpus_files": (put_corpus(),),
        "takes_imported": False, "keeps_out_imported": False, "studies": (),
    }  # fmt: skip
    return make_ladder(LadderRequest(**{**request, **changes}), made_by=None)


def put_tuning_news(name="town.jsonl") -> str:
    """Articles of two sections."""
    settings.CORPORA_DIR.mkdir(parents=True, exist_ok=True)
    rows = make_articles(80, seed=11, words=40)
    for number, row in enumerate(rows):
        row["section"] = "Sport" if number % 3 else "Town"
    write_jsonl(settings.CORPORA_DIR / name, rows)
    return name


def make_small_tuning(slug="tuned", *, bases=("checkpoint:old/dense",), **changes) -> TrainingLadder:
    said = {"method": "lora", "rank": 2, "tokens": 1500, "batch_tokens": 256, "context": 64, "probes": 2, "rate": 0.01}
    request = LadderRequest(
        slug=slug, corpus_files=(put_tuning_news(),), takes_imported=False, keeps_out_imported=False,
        studies=changes.pop("studies", ()), tuning=FineTuning(**{**said, **changes}),
        bases=tuple(TunableModel(base, "dense", 9000) for base in bases),
    )  # fmt: skip
    return make_ladder(request, made_by=None)
