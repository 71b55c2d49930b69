"""The pictures of docs/screenshots that show staff pages, on the fictional example: `make screenshots`.

A study of the example's articles is set up through the real actions, with candidates made of other articles' words in
place of a model's, and goes through its pages as a draft and launched. No test: pytest is what starts the site.
"""

import itertools
import random
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from studyapp.actions import participation
from studyapp.actions.articles import import_articles
from studyapp.actions.audit import acting_as
from studyapp.actions.drafts import change_draft
from studyapp.actions.generation import WrittenCandidate, claim_jobs, queue_jobs, store_candidates
from studyapp.actions.participation import EndAnswers
from studyapp.actions.quiz_forms import make_quiz_forms
from studyapp.actions.responses import Answer, answer_trial, show_trial
from studyapp.actions.review import hash_texts, record_look
from studyapp.actions.selection import select_stimuli
from studyapp.actions.study import load_study
from studyapp.domain.article_file import read_article_file
from studyapp.domain.design_changes import DesignChange
from studyapp.domain.judgment import Judgment
from studyapp.models import Article, Study
from studyapp.recruitment import Arrival
from studyapp.study_file import read_study_file
from studyapp.tasks.generation import generate_article
from tests.studyapp.staff_site.staff_pages import put_checkpoint
from tests.studyapp.study_rows import NOW, launch

pytestmark = pytest.mark.django_db(transaction=True)
EXAMPLES = settings.BASE_DIR / "examples"
SIZES = {"wide": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}
RECRUITMENT = {"reward": "USD 5", "estimated_minutes": 25, "contact": "Dr Ada Marlow, ada@example.org"}
OF_A_DRAFT = {
    "setup-articles": "articles",
    "setup-models": "models",
    "setup-generation": "generation",
    "setup-recruitment": "recruitment",
    "setup-check": "check",
    "staff-launch": "launch",
    "staff-review": "review",
    "staff-preview": "preview",
    "staff-plan": "plan",
}
LONG = ("articles", "models", "log", "changes")  # whose beginning is enough
OF_A_LAUNCHED = {"staff-overview": "", "staff-watch": "watch", "staff-changes": "changes", "staff-log": "log"}


@pytest.fixture
def out() -> Path:
    return settings.BASE_DIR / "docs" / "screenshots"


@pytest.fixture
def tabs(chromium, live_server, tmp_path, settings, monkeypatch):
    """A signed-in researcher's pages, one as wide as a desk's and one as wide as a phone."""
    settings.MODELS_DIR, settings.HUGGING_FACE_CACHE = tmp_path / "models", tmp_path / "cache"
    monkeypatch.setattr(generate_article, "delay_on_commit", lambda job_id: None)  # no broker runs here
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    contexts = {name: chromium.new_context(base_url=live_server.url, viewport=size) for name, size in SIZES.items()}
    for context in contexts.values():
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    yield {name: context.new_page() for name, context in contexts.items()}
    for context in contexts.values():
        context.close()


def take(tabs, out: Path, pages: dict[str, str]) -> None:
    """A picture of each page, and of review and watching one on a phone."""
    for name, page in pages.items():
        for size, tab in tabs.items():
            if size == "phone" and name not in ("staff-review", "staff-watch"):
                continue
            tab.goto(f"/staff/studies/example/{page}/".replace("//", "/"), wait_until="networkidle")
            suffix = "-phone" if size == "phone" else ""
            tab.screenshot(path=out / f"{name}{suffix}.png", full_page=page not in LONG)


def test_take_them(tabs, out):
    anna = User.objects.get()
    with acting_as(anna):
        study = make_draft()
        write_texts(study)
        take(tabs, out, {"setup-generation": OF_A_DRAFT["setup-generation"]})
        select_stimuli(study)
        make_quiz_forms(study)
        for item in study.items.all()[:18]:
            record_look(item, texts_sha256=hash_texts(item), by=anna, now=NOW)
        take(tabs, out, {name: page for name, page in OF_A_DRAFT.items() if name != "setup-generation"})
        tabs["wide"].goto("/staff/studies/new/")
        tabs["wide"].screenshot(path=out / "setup-new.png", full_page=True)
        launch(study)
    for number in range(20):
        take_part(study, number)
    take(tabs, out, OF_A_LAUNCHED)


def make_draft() -> Study:
    articles = read_article_file((EXAMPLES / "articles.jsonl").read_bytes(), name="articles.jsonl")
    refs = import_articles(articles, name="articles.jsonl").refs
    for arm in ("control", "small", "medium", "large"):
        put_checkpoint(settings.MODELS_DIR, f"example/{arm}", n_params=1000)
    study, _ = load_study(read_study_file(EXAMPLES / "study.toml").resolve(list(refs)))
    change_draft(study, DesignChange(sections={"recruitment": RECRUITMENT}))
    return Study.objects.get(pk=study.pk)


def write_texts(study: Study) -> None:
    """Every candidate, as a worker would hand it over: sentences of other articles, about as many as the human has."""
    written = list(Article.objects.values_list("body", flat=True))
    for job_id in queue_jobs(study):
        (order,) = claim_jobs(job_id, now=NOW)
        bodies = [body for body in written if body != order.human_body]
        store_candidates(order, [write_candidate(seed, order.human_words, bodies) for seed in order.seeds], now=NOW)


def write_candidate(seed: int, words: int, bodies: list[str]) -> WrittenCandidate:
    rng = random.Random(seed)
    sentences = itertools.chain.from_iterable(rng.choice(bodies).split(". ")[1:4] for _ in itertools.count())
    text = ""
    while len(text.split()) < words - rng.randint(0, 25):
        text += next(sentences).strip(". \n") + (".\n\n" if rng.random() < 0.3 else ". ")
    flags = ("unfinished",) if rng.random() < 0.1 else ()
    return WrittenCandidate(
        seed=seed, text=text, flags=flags, is_fit=True, measures={}, n_tokens=words, seconds=0.1,
        prompt_sha256="0" * 64,
    )  # fmt: skip


def take_part(study: Study, number: int) -> None:
    """Somebody who goes through the study; every sixth leaves in the middle."""
    rng = random.Random(number)
    now = NOW
    person = participation.enrol(
        study, platform="anonymous", arrival=Arrival(external_id=f"person-{number}"), rng=rng, now=now
    )
    trials = list(person.trials.order_by("position"))
    for trial in trials[: 9 if number % 6 == 0 else None]:
        show_trial(trial, now=now)
        answer_trial(trial, Answer(Judgment(rng.randint(1, 5)), False, ""), now=now)
    if number % 6:
        answers = EndAnswers(looked_up=False, internet_check_answer="")
        participation.complete(person, answers, now=now.replace(minute=rng.randint(18, 34)))
