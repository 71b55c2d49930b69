"""A small ladder made through the real actions, with a corpus of made-up news."""

from django.conf import settings

from studyapp.actions.training_ladders import LadderRequest, make_ladder
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
