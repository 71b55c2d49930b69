"""The ways in: files that are imported, and every form and address of the site. Each says whether it took the input."""

import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import strategies as st

from studyapp.actions.api_tokens import TokenWish, make_token
from studyapp.actions.articles import import_articles
from studyapp.actions.bundle_loading import load_bundle
from studyapp.actions.study import StudyExistsError, describe_study, load_study
from studyapp.domain.article_file import UnreadableFileError, read_article_file
from studyapp.domain.bundle_rows import BundleFaultError
from studyapp.domain.corpus_file import CorpusFileError, check_corpus
from studyapp.domain.ladder_file import LadderFileError, read_rungs
from studyapp.domain.study_design import DesignError
from studyapp.domain.webhook_signature import sign
from studyapp.models import Article
from studyapp.study_file import StudyFileError, parse_study_file, write_study_file
from tests.fuzz.feeding import Verdict
from tests.fuzz.inputs import (
    ARTICLE_FILES,
    JSON_VALUES,
    TEXT,
    csv_file,
    damaged,
    damaged_toml,
    encode,
    form_body,
    json_lines,
)  # fmt: skip
from tests.studyapp.bundle_rows import export, make_answered, read_files, write_files
from tests.studyapp.ladder_rows import write_ladder_text
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_draft, make_launched

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
SECRET = "the-hooks-secret"
QUESTIONS = [
    {"name": "age", "type": "number", "text": "How old?", "when": "before", "least": 18, "most": 99},
    {"name": "why", "type": "long_text", "text": "Why?", "when": "before", "required": False},
    {"name": "read", "type": "choice", "text": "Do you read?", "choices": ["yes", "no"], "when": "after"},
]
STUDY_PAGES = [
    "setup",
    "articles",
    "models",
    "texts",
    "add_language",
    "questions",
    "question_new",
    "recruitment",
    "check",
    "generation",
    "review",
    "plan",
    "rehearsals",
    "launch",
    "people",
    "changes",
    "export",
    "prolific",
]
PLAIN_PAGES = ("study_new", "article_import", "api_tokens", "training_new", "second_factor", "markdown_preview")
DONE_ON_THE_PAGE = (
    "/staff/tokens/",
    "/staff/second-factor/",
    "/problem/",
)  # which answer a form that was taken with 200


@dataclass(frozen=True)
class Door:
    """`share`: of a thousand inputs; the quick doors have more. `may_leave`: tables in which a refusal may be counted or written down."""

    name: str
    strategy: Any
    feed: Any
    share: int
    may_leave: frozenset = field(default_factory=frozenset)


class Ways:
    """A database with a draft, a study that runs and one that is closed, and everybody who could knock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        closed = make_answered(slug="closed", n_people=6)
        self.bundle = read_files(export(closed, folder / "made"))
        self.draft = make_draft(slug="draft", questions=QUESTIONS)
        self.study = make_launched(slug="running", questions=QUESTIONS, targets={"participants_per_cell": 30})
        self.refs = list(Article.objects.values_list("ref", flat=True))
        self.study_file = write_study_file(describe_study(self.draft)).replace('slug = "draft"', 'slug = "fuzzed"')
        administrator = User.objects.create_superuser("admin")
        self.staff = Client()
        self.staff.force_login(administrator)
        _token, self.token = make_token(administrator, TokenWish("fuzz", 30, True), now=timezone.now())
        self.visitors = self.send_visitors()
        self.forms = self.find_forms()

    def send_visitors(self) -> list[tuple[Client, str, str]]:
        """Somebody on every page of the way, with the address and the page that they see."""
        stops, seen = [], set()
        for stop in ("consent", "instructions", "first-questions", "item", "more-questions", "questions", "debriefing"):
            visitor = Visitor(self.study)
            for _ in range(30):
                page = visitor.page
                here = "consent" if "arrival" in page.fields else page.step
                if here == stop:
                    break
                answers = {"consent": {"agree": "yes"}, "item": {"judgment": 4}, "questions": {"looked_up": "no"}}.get(
                    here, {}
                )
                answers = {**answers, **({"q_age": "30", "q_why": "x"} if here == "first-questions" else {})}
                answers = {**answers, **({"q_read": "1"} if here == "more-questions" else {})}
                visitor.send(**answers)
            else:
                raise AssertionError(f"nobody comes to {stop}; they are at {visitor.page.step}")
            stops.append((visitor.client, visitor.page.action or visitor.page.url, visitor.content))
            if stop == "item":
                stops.append((visitor.client, f"{visitor.page.url}problem/", visitor.content))
            if stop not in seen and stop != "consent":
                stops.append((visitor.client, f"/s/{self.study.slug}/withdraw/", visitor.content))
            seen.add(stop)
        return stops

    def find_forms(self) -> list[tuple[str, dict[str, list[str]]]]:
        """Every address that staff can post to, with the fields of its page."""
        addresses = [reverse(f"staff:{name}") for name in PLAIN_PAGES]
        for study in (self.draft, self.study):
            addresses += [
                reverse(f"staff:{'' if n == 'checks' else 'study_'}{n}", args=[study.slug]) for n in STUDY_PAGES
            ]
            addresses.append(reverse("staff:study_arm", args=[study.slug, "small"]))
            addresses.append(reverse("staff:study_question", args=[study.slug, "age"]))
        return [(address, read_fields(self.staff.get(address).content.decode())) for address in addresses]

    def list_doors(self) -> list[Door]:
        pages = [address for address, _ in self.forms]
        pages += [
            "/staff/studies/",
            f"/staff/studies/{self.study.slug}/watch/",
            f"/staff/studies/{self.study.slug}/log/",
            "/staff/articles/import/x/",
            "/staff/login/",
        ]
        entries = [
            f"/s/{self.study.slug}/",
            f"/s/{self.study.slug}/code/",
            f"/s/{self.study.slug}/item/x/",
            f"/s/{self.study.slug}/back/x/",
            "/s/nothing/",
        ]
        counted = frozenset({"studyapp.EntryTally"})
        return [
            Door("article file", ARTICLE_FILES, self.import_articles, 450),
            Door("study file", st.one_of(damaged_toml(self.study_file), damaged_toml((EXAMPLES / "study.toml").read_text())), self.load_study, 130),
            Door("ladder file", damaged_toml(write_ladder_text()), self.read_ladder, 50),
            Door("corpus file", st.tuples(st.sampled_from(("c.jsonl", "c.csv", "c.txt", "c.jsonl.gz")), st.one_of(csv_file(), json_lines())), self.check_corpus, 80),
            Door("bundle", damaged_bundle(self.bundle), self.load_bundle, 20),
            Door("bundle's bytes", damaged(write_files(self.folder / "whole.zip", self.bundle).read_bytes()), self.load_bytes, 10),
            Door("participant's form", self.bodies([(i, read_fields(page)) for i, (_, _, page) in enumerate(self.visitors)]), self.post_as_participant, 110, counted),
            Door("entry's address", queries(entries, ("PROLIFIC_PID", "simulated", "link", "language", "preview", "RID")), self.get_as_stranger, 50, counted),
            Door("staff form", self.bodies(self.forms), self.post_as_staff, 25),
            Door("staff upload", st.tuples(st.sampled_from(("/staff/articles/import/", "/staff/studies/new/", "/staff/training/new/")), ARTICLE_FILES, damaged_toml(self.study_file)), self.upload, 10),
            Door("staff address", queries(pages, ("page", "show", "item", "study", "file", "q", "run", "next", "k", "rehearsals")), self.get_as_staff, 15),
            Door("API address", queries(("/api/studies/", "/api/studies/closed/bundle.zip", "/api/studies/running/progress.json", "/api/x"), ("public", "k", "with_comments", "for_spreadsheets")), self.get_api, 20),
            Door("webhook", st.one_of(st.binary(max_size=60), JSON_VALUES.map(lambda v: encode(repr(v))), json_lines()), self.post_hook, 30),
        ]  # fmt: skip

    def bodies(self, forms):
        return st.one_of(*[st.tuples(st.just(where), form_body(fields)) for where, fields in forms])

    def import_articles(self, said):
        name, content = said
        try:
            outcome = import_articles(read_article_file(content, name=name), name=name)
        except UnreadableFileError:
            return Verdict.REFUSED
        return Verdict.REFUSED if outcome.is_refused else Verdict.TAKEN

    def load_study(self, content):
        try:
            text = content.decode("utf-8")
            file = parse_study_file(text, name="fuzzed.toml", folder=None)
            load_study(file.resolve(self.refs))
        except (UnicodeDecodeError, StudyFileError, DesignError, StudyExistsError):
            return Verdict.REFUSED
        return Verdict.TAKEN

    def read_ladder(self, content):
        try:
            read_rungs(content.decode("utf-8"))
        except (UnicodeDecodeError, LadderFileError):
            return Verdict.REFUSED
        return Verdict.TAKEN

    def check_corpus(self, said):
        name, content = said
        try:
            check_corpus(io.BytesIO(content), name=name)
        except CorpusFileError:
            return Verdict.REFUSED
        return Verdict.TAKEN

    def load_bundle(self, said):
        files, is_signed = said
        return self._load(write_files(self.folder / "fuzzed.zip", files, sign=is_signed))

    def load_bytes(self, content):
        path = self.folder / "fuzzed.zip"
        path.write_bytes(content)
        return self._load(path)

    def _load(self, path):
        try:
            load_bundle(path, now=timezone.now(), slug="loaded")
        except BundleFaultError:
            return Verdict.REFUSED
        return Verdict.TAKEN

    def post_as_participant(self, said):
        number, body = said
        browser, address, _ = self.visitors[number]
        return self._judge(
            self._keep(browser, lambda: browser.post(address, body, content_type="application/x-www-form-urlencoded"))
        )

    def post_as_staff(self, said):
        address, body = said
        return self._judge(
            self._keep(
                self.staff, lambda: self.staff.post(address, body, content_type="application/x-www-form-urlencoded")
            )
        )

    def upload(self, said):
        address, (name, content), study_file = said
        is_article = address.startswith("/staff/articles")
        file = io.BytesIO(content if is_article else study_file)
        file.name = name if is_article else "study.toml"
        body = {
            "file": file,
            "from": "file",
            "slug": "x",
            "ladder": "uploaded",
            "budget": "file",
            "ladder_file": file,
            "corpus_file": io.BytesIO(content),
        }
        answer = self._keep(self.staff, lambda: self.staff.post(address, body))
        if answer.status_code == 302 and "/import/" in answer.url:
            page = self.staff.get(answer.url)
            assert page.status_code < 500, page.status_code
            answer = self.staff.post(answer.url, {"do": "import", "skip_bad": "yes"})
        return self._judge(answer)

    def get_as_stranger(self, address):
        return self._judge(Client().get(address))

    def get_as_staff(self, address):
        return self._judge(self.staff.get(address))

    def get_api(self, address):
        return self._judge(Client().get(address, headers={"Authorization": f"Bearer {self.token}"}))

    def post_hook(self, body):
        stamp = str(int(timezone.now().timestamp()))
        signed = sign(SECRET, timestamp=stamp, body=body)
        headers = {"X-Prolific-Request-Timestamp": stamp, "X-Prolific-Request-Signature": signed, "X-Event-ID": "e"}
        return self._judge(Client().post("/hooks/prolific/", body, content_type="application/json", headers=headers))

    def _keep(self, browser, visit):
        """The browser is as it was afterwards, as the database is."""
        cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
        try:
            return visit()
        finally:
            for name in list(browser.cookies):
                if name not in cookies:
                    del browser.cookies[name]
            for name, value in cookies.items():
                browser.cookies[name] = value

    def _judge(self, answer):
        if answer.status_code >= 500:
            raise AssertionError(f"answered {answer.status_code}")
        shown_again = answer.status_code == 200 and answer.request["REQUEST_METHOD"] == "POST"
        is_page_of_the_done = answer.request["PATH_INFO"].endswith(DONE_ON_THE_PAGE)
        return (
            Verdict.REFUSED if answer.status_code >= 400 or (shown_again and not is_page_of_the_done) else Verdict.TAKEN
        )


def read_fields(page: str) -> dict[str, list[str]]:
    """The names of a page's fields, each with the values that the page has for it."""
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<(?:input|button|textarea|select)\b[^>]*>", page):
        name, value = re.search(r'\bname="([^"]*)"', tag), re.search(r'\bvalue="([^"]*)"', tag)
        if name and name[1] not in ("csrfmiddlewaretoken",):
            fields.setdefault(name[1], []).append(value[1] if value else "")
    for name, options in re.findall(r'<select\b[^>]*\bname="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
        fields[name] += re.findall(r'<option\b[^>]*\bvalue="([^"]*)"', options)
    return fields


@st.composite
def damaged_bundle(draw, files):
    """A bundle with one or two of its files damaged, signed anew or not, and sometimes with a name of its own."""
    files = dict(files)
    for _ in range(draw(st.integers(1, 2))):
        name = draw(st.sampled_from(sorted(files)))
        content = files[name]
        if draw(st.booleans()) and name.endswith(".csv"):
            lines = content.split(b"\r\n")
            at = draw(st.integers(0, min(6, len(lines) - 1)))
            cells = lines[at].split(b",")
            cells[draw(st.integers(0, len(cells) - 1))] = encode(draw(TEXT))
            lines[at] = b",".join(cells)
            files[name] = b"\r\n".join(lines)
        else:
            files[name] = draw(damaged(content))
    if draw(st.integers(0, 9)) == 0:
        files[draw(st.sampled_from(("../x.csv", "/etc/x", "a/b.csv", "x.py", "con", "arms.csv/")))] = b"x"
    is_signed = draw(st.booleans()) and files["manifest.json"][:1] == b"{"
    if is_signed:
        try:
            import json

            is_signed = isinstance(json.loads(files["manifest.json"]), dict)
        except (ValueError, RecursionError):
            is_signed = False
    return files, is_signed


def queries(addresses, names):
    """Addresses with a query of known names, and now and then with a part of the path that nobody would write."""

    def quote(text):
        return quote_from_bytes(encode(text), safe="")

    pairs = st.lists(st.tuples(st.one_of(st.sampled_from(names), TEXT), TEXT), max_size=3)
    short = TEXT.map(lambda text: text[:200])
    paths = st.one_of(
        st.sampled_from(tuple(addresses)),
        st.tuples(st.sampled_from(tuple(addresses)), short).map(lambda p: p[0].replace("/x/", f"/{quote(p[1])}/")),
    )
    return st.tuples(paths, pairs).map(lambda p: p[0] + "?" + "&".join(f"{quote(n)}={quote(v)}" for n, v in p[1]))
