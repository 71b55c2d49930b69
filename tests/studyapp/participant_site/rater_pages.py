"""Every page that a participant can meet, as walks of a browser; who looks at the pages need not know the ways there.

A walk yields the name of each page that it comes by, and goes on when it has been looked at. To add a page, yield its
name where a walk comes by it, or write a walk and put it into WALKS; it is then checked for accessibility in every
look, and its pictures are taken.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.template.loader import render_to_string
from playwright.sync_api import Page, Route

from studyapp.actions.articles import import_articles
from studyapp.actions.quiz_forms import make_quiz_forms
from studyapp.actions.selection import select_stimuli
from studyapp.actions.study import load_study
from studyapp.domain.article_file import ArticleFile, read_article_file
from studyapp.domain.study_design import parse_design
from studyapp.models import Participant, Stimulus, Study
from studyapp.study_file import merge_over_preset
from tests.studyapp.study_rows import finish_jobs, launch

ROOT = Path(__file__).resolve().parents[3]
COMPREHENSION = [
    {"question": "What do you say of each article?", "choices": ["whether it is true", "who wrote it"],
     "answer": "who wrote it"},
    {"question": "What do you do if you cannot tell?", "choices": ["say so", "look it up"], "answer": "say so"},
]  # fmt: skip
QUESTIONS = [
    {"use": "age_band", "when": "before"},
    {"name": "years", "text": "For how many years have you read newspapers?", "type": "number", "help": "Roughly.",
     "demographic": True, "when": "before"},
    {"use": "news_sources", "when": "before", "required": False},
    {"use": "llm_familiarity"},
    {"use": "country"},
    {"name": "tools", "text": "Which such programs have you used?", "type": "short_text", "demographic": True},
    {"name": "thoughts", "text": "What did you look at to decide?", "type": "long_text", "required": False},
]  # fmt: skip
DATA_PROTECTION = {
    "controller": "Example University\nDepartment of Psychology\nMain Street 1, 12345 Exampletown",
    "contact": "Data protection officer, dpo@example.org",
    "legal_basis": "consent",
    "processors": ["Example Hosting, which runs the server for the researchers"],
    "authority": "State Commissioner for Data Protection, Exampletown",
    "keep_ids_days": 90,
}
Walk = Callable[[Page, str], Iterator[str]]  # the browser's page and the site's address, to names of pages


def make_example(slug: str, *, preset: str = "gpt3-short", **sections: object) -> Study:
    """A study of the project's own fictional articles that participants can enter; its texts are those of the preset.

    The model's versions are the articles with their paragraphs in another order.
    """
    file = read_article_file((ROOT / "examples/articles.jsonl").read_bytes(), name="articles.jsonl")
    good = tuple(replace(row, article=replace(row.article, ref=f"{slug}-{row.line}")) for row in file.good[:5])
    refs = list(import_articles(ArticleFile(good=good, bad=(), ignored_columns=())).refs)
    mapping = {
        "study": {"slug": slug, "title": "Who wrote this news article?"},
        "articles": {"context": refs[:1], "items": refs[1:], "candidates": 1},
        "arms": [{"name": "small", "label": "Small", "n_params": 10_000, "generator": "checkpoint:small"}],
        "targets": {"participants_per_cell": 5},
        "recruitment": {"estimated_minutes": 12},
        **sections,
    }
    study = load_study(parse_design(merge_over_preset(mapping, preset=preset)))[0]
    finish_jobs(study)
    select_stimuli(study)
    make_quiz_forms(study)
    for stimulus in Stimulus.objects.filter(item__study=study).exclude(arm=None).select_related("item__article"):
        first, *others = stimulus.item.article.body.split("\n\n")
        stimulus.text = "\n\n".join([*others, first])
        stimulus.save(update_fields=["text"])
    return launch(study)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def begin(page: Page, site: str, study: Study, query: str = "") -> None:
    """To the first article of a study that asks nothing about its instructions."""
    page.goto(f"{site}/s/{study.slug}/{query}")
    press(page, "I agree")
    press(page, "Begin")
    page.wait_for_url("**/item/**")


def answer_item(page: Page, *, answer: int = 2) -> None:
    here = page.url
    page.locator(".scale input").nth(answer - 1).check()
    press(page, "Next")
    page.wait_for_url(lambda url: url != here)


def walk_through(page: Page, site: str) -> Iterator[str]:
    """Somebody who makes every mistake once, comes to the end, and withdraws."""
    afterwards = {"show_score": True, "ask_again": True, "withdrawal_days": 30}
    study = make_example("walk", comprehension=COMPREHENSION, debriefing=afterwards, data_protection=DATA_PROTECTION)
    page.goto(f"{site}/s/walk/")
    yield "consent"
    page.goto(f"{site}/s/walk/data-protection/")
    yield "data-protection"
    page.goto(f"{site}/s/walk/")
    press(page, "I do not agree")
    yield "declined"
    page.goto(f"{site}/s/walk/")
    press(page, "I agree")
    yield "instructions"
    press(page, "Begin")
    yield "comprehension"
    page.get_by_label("whether it is true").check()
    page.get_by_label("say so").check()
    press(page, "Go on")
    page.locator("#errors").wait_for()
    yield "comprehension-error"
    page.get_by_label("who wrote it").check()
    press(page, "Go on")
    page.wait_for_url("**/item/**")
    yield "item"
    press(page, "Next")
    page.locator("#errors").wait_for()
    yield "item-error"
    page.get_by_text("Add a comment").click()
    page.get_by_label("Your comment").fill("It knows the ferry's name.")
    page.get_by_text("Report a problem with this article").click()
    page.get_by_label("What is wrong with it?").fill("It ends in the middle.")
    yield "item-comment"
    press(page, "Send the report")
    page.get_by_text("your report is stored").wait_for()
    yield "problem"
    while "/item/" in page.url:
        answer_item(page)
    yield "questions"
    press(page, "Finish")
    page.locator("#errors").wait_for()
    yield "questions-error"
    page.get_by_role("radio", name="No").check()
    press(page, "Finish")
    page.wait_for_url("**/debriefing/")
    yield "debriefing"
    page.goto(f"{site}/s/walk/code/")
    yield "code"
    page.goto(f"{site}/s/walk/withdraw/")
    yield "withdraw"
    in_time = Participant.objects.get(study=study).completed_at
    Participant.objects.filter(study=study).update(completed_at=in_time - timedelta(days=40))
    page.reload()
    yield "withdraw-late"
    Participant.objects.filter(study=study).update(completed_at=in_time)
    page.reload()
    press(page, "Withdraw")
    page.wait_for_url("**/continue/")
    yield "withdrawn"
    assert Participant.objects.get(study=study).status == "withdrawn"


def walk_in_stages(page: Page, site: str) -> Iterator[str]:
    """An article in three parts, and somebody who cannot wait."""
    begin(page, site, make_example("stages", checks={"reveal_stages": 3, "reveal_seconds": 300}))
    yield "stages"
    press(page, "Show the next part")
    page.locator(".early").wait_for()
    yield "stages-early"


def walk_in_pairs(page: Page, site: str) -> Iterator[str]:
    """Both versions of a title on one page."""
    begin(page, site, make_example("pairs", preset="paired"))
    yield "pair"
    press(page, "Next")
    page.locator("#errors").wait_for()
    yield "pair-error"


def walk_by_checks(page: Page, site: str) -> Iterator[str]:
    """Somebody who is faster than the study lets them, and then meets an attention check."""
    checks = [{"standard": "choose-machine", "after": 1}, {"standard": "nonsense", "after": 2}]
    study = make_example("checks", attention=checks, checks={"min_reading_seconds": 300})
    begin(page, site, study)
    yield "pace"
    page.locator(".scale input").nth(1).check()
    press(page, "Next")
    page.locator(".pace.early").wait_for()
    yield "pace-early"
    Study.objects.filter(pk=study.pk).update(min_reading_seconds=0)
    page.reload()
    answer_item(page)
    yield "attention"
    press(page, "Next")
    page.locator("#errors").wait_for()
    yield "attention-error"
    answer_item(page, answer=5)
    answer_item(page)
    yield "attention-nonsense"


def walk_past_questions(page: Page, site: str) -> Iterator[str]:
    """The study's own questions, before the articles and after them, with what may be wrong of them."""
    make_example("asks", questions=QUESTIONS)
    page.goto(f"{site}/s/asks/")
    press(page, "I agree")
    press(page, "Begin")
    yield "first-questions"
    page.get_by_label("For how many years").fill("many")
    press(page, "Go on")
    page.locator("#errors").wait_for()
    yield "first-questions-error"
    page.get_by_label("35–44").check()
    page.get_by_label("For how many years").fill("30")
    press(page, "Go on")
    page.wait_for_url("**/item/**")
    while "/item/" in page.url:
        answer_item(page)
    yield "more-questions"
    press(page, "Go on")
    page.locator("#errors").wait_for()
    yield "more-questions-error"


def walk_to_the_doors(page: Page, site: str) -> Iterator[str]:
    """Those who cannot come in, or not any more."""
    study = make_example("doors", recruitment={"platform": "prolific", "completion_code": "C1ABCDEF"})
    page.goto(f"{site}/s/doors/")
    yield "bad-link"
    page.goto(f"{site}/s/doors/code/")
    yield "code-unknown"
    page.goto(f"{site}/s/doors/?PROLIFIC_PID=5f2b8a9c1d3e4f5a6b7c8d9e&STUDY_ID=s&SESSION_ID=n")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    press(page, "I agree")
    yield "no-cookies"
    page.context.add_cookies(cookies)
    begin(page, site, study, "?PROLIFIC_PID=5f2b8a9c1d3e4f5a6b7c8d9e&STUDY_ID=s&SESSION_ID=n")
    page.goto(f"{site}/s/doors/code/")
    yield "code-not-yet"
    people = Participant.objects.filter(study=study)
    people.update(status="screened_out", screen_out_reason="device")
    page.goto(f"{site}/s/doors/continue/")
    yield "screened-out"
    people.update(status="dropped_out", dropout_reason="returned on the platform")
    page.goto(f"{site}/s/doors/continue/")
    yield "returned"
    page.context.clear_cookies()
    Study.objects.filter(pk=study.pk).update(state="closed")
    page.goto(f"{site}/s/doors/?PROLIFIC_PID=5f2b8a9c1d3e4f5a6b7c8d9f&STUDY_ID=s&SESSION_ID=n")
    yield "closed"


def walk_astray(page: Page, site: str) -> Iterator[str]:
    """Where there is nothing, and where something broke."""
    page.goto(f"{site}/s/no-such-study/")
    yield "404"
    for status in (400, 403, 500):
        answer = {"status": status, "content_type": "text/html", "body": render_to_string(f"{status}.html")}
        page.route(f"**/broken-{status}", partial(Route.fulfill, **answer))
        page.goto(f"{site}/broken-{status}")
        yield str(status)


WALKS: tuple[Walk, ...] = (
    walk_through,
    walk_in_stages,
    walk_in_pairs,
    walk_by_checks,
    walk_past_questions,
    walk_to_the_doors,
    walk_astray,
)
