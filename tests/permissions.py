"""Who gets what answer at every address of the site: the one table, which tests/test_permissions.py holds the site to.

An address that no row names fails the test. `python -m tests.permissions` writes the table into docs/permissions.md.

    open     the page, or the way on from it
    led      to where the visitor belongs: the participant's own page, or the entry
    login    to the sign-in
    403 404 405 401 400 503   refused, with that status
"""

from dataclasses import dataclass
from pathlib import Path

ACTORS = (
    "stranger", "participant", "participant of another study", "staff without a part", "viewer", "researcher", "owner",
    "administrator",
)  # fmt: skip
PAGE = Path(__file__).resolve().parent.parent / "docs/permissions.md"
ANSWERS = {"open", "led", "login", "400", "401", "403", "404", "405", "503"}


@dataclass(frozen=True)
class Rule:
    """What each of ACTORS is answered at some addresses, by their names: by GET, and by a POST that is not forged."""

    what: str
    names: tuple[str, ...]
    get: tuple[str, ...]
    post: tuple[str, ...]


def _everybody(what: str, names: str, *, get: str, post: str) -> Rule:
    return Rule(what, tuple(names.split()), (get,) * len(ACTORS), (post,) * len(ACTORS))


def _raters(what: str, names: str, *, get: str, post: str) -> Rule:
    """`get` and `post`: of a stranger (which staff are here too, and participants of other studies), a participant."""

    def spread(said: str) -> tuple[str, ...]:
        stranger, participant = said.split()
        return (stranger, participant, *[stranger] * 6)

    return Rule(what, tuple(names.split()), spread(get), spread(post))


def _staff(what: str, names: str, *, get: str, post: str) -> Rule:
    """`get` and `post`: of staff without a part, viewer, researcher, owner and administrator."""

    def spread(said: str) -> tuple[str, ...]:
        return ("login", "login", "login", *said.split())

    return Rule(what, tuple(names.split()), spread(get), spread(post))


ALL = "open open open open open"
ADMINISTRATORS = "403 403 403 403 open"
NOBODY = "403 403 403 403 403"
MISSING = "404 404 404 404 404"
REFUSED_POST = "405 405 405 405 405"
STUDY = "404 open open open open"
KEPT = "study generationjob candidate participant entrytally export auditentry trainingladder trainingjob"
CHANGED = "auth_user auth_group"


def _rows(models: str, *views: str) -> str:
    """The names of the admin's pages of some models."""
    apps = (name if "_" in name else f"studyapp_{name}" for name in models.split())
    return " ".join(f"admin:{name}_{view}" for name in apps for view in views)


def _whole(models: str) -> str:
    """The admin's addresses without a page of their own, which lead to that of the row."""
    apps = (name.replace("_", "/") if "_" in name else f"studyapp/{name}" for name in models.split())
    return " ".join(f"admin:staff/{name}/<path:object_id>/" for name in apps)


RULES = (
    _everybody("the way to the staff pages", "root", get="open", post="open"),
    _everybody("the health of the site", "healthz", get="open", post="open"),
    _everybody("whether all parts are there (no queue in the tests)", "readyz", get="503", post="405"),
    _everybody("numbers, by a token alone", "metrics", get="404", post="405"),
    _everybody("webhooks, by their signature alone", "prolific_hook", get="405", post="503"),
    _everybody("the API, by a token alone", "api:studies api:progress api:bundle", get="401", post="405"),
    _everybody("addresses that the API lacks", "api:api/ api:api/<path:rest>", get="404", post="404"),
    _raters("the entry, by a link that names nobody", "rater:enter", get="400 led", post="405 405"),
    _raters("consent, without an arrival that we have signed", "rater:consent", get="405 405", post="open open"),
    _raters(
        "pages of the way where the participant is not",
        "rater:continue rater:instructions rater:comprehension rater:first-questions rater:attention "
        "rater:more-questions rater:questions rater:item/another's",
        get="led led",
        post="led led",
    ),
    _raters("the text that the participant has come to", "rater:item", get="led open", post="led open"),
    _raters("a remark about that text", "rater:problem", get="led led", post="led open"),
    _raters("the truth, before the last answer", "rater:debriefing", get="led led", post="405 405"),
    _raters("the lost code", "rater:code", get="open open", post="405 405"),
    _raters("a second word on the answers", "rater:agree_again", get="405 405", post="led led"),
    _raters("the way back, by a link that is not ours", "rater:come_back", get="400 400", post="405 405"),
    _raters("what is kept of them, and for how long", "rater:data-protection", get="open open", post="405 405"),
    _raters("stopping", "rater:withdraw", get="led open", post="led led"),
    _staff("the preview of the participants' pages", "rater:preview", get=STUDY, post=STUDY),
    _staff(
        "an account's own pages, and lists of what it may see",
        "staff:second_factor staff:second_factor_verify staff:study_list staff:markdown_preview staff:checkpoint_list "
        "staff:training_list staff:api_tokens admin:search admin:index admin:password_change",
        get=ALL,
        post=ALL,
    ),
    _staff(
        "what takes a right that belongs to no study",
        "staff:study_new staff:article_import staff:article_preview staff:training_new staff:fine_tuning_new",
        get=ADMINISTRATORS,
        post=ADMINISTRATORS,
    ),
    _staff(
        "an attention check, or a question about the instructions, that there is not",
        "staff:study_attention_check staff:study_comprehension_question",
        get=MISSING,
        post="404 403 404 404 404",
    ),
    _staff("a ladder that there is not", "staff:training_ladder", get=MISSING, post=MISSING),
    _staff(
        "a study's pages, which its researchers change",
        "staff:study_overview staff:study_file staff:study_setup staff:study_articles staff:study_models "
        "staff:study_arm staff:study_texts staff:study_add_language staff:study_language staff:study_questions "
        "staff:study_question_new staff:study_question staff:study_recruitment staff:study_check "
        "staff:generation_progress staff:study_generation staff:study_review staff:study_preview staff:study_plan "
        "staff:plan_file staff:study_rehearsals staff:study_watch staff:study_watch_now staff:study_log "
        "staff:study_export staff:study_detectors staff:study_attention staff:study_attention_new "
        "staff:study_comprehension staff:study_comprehension_new "
        "staff:export_free_text staff:export_bundle",
        get=STUDY,
        post="404 403 open open open",
    ),
    _staff("a file of a study's report", "staff:export_report", get=STUDY, post=STUDY),
    _staff(
        "a study's pages, which its owners change",
        "staff:study_launch staff:study_people staff:study_prolific staff:study_changes",
        get=STUDY,
        post="404 403 403 open open",
    ),
    Rule("the sign-in", ("admin:login",), ("open",) * 8, ("open",) * 8),
    Rule("signing out", ("admin:logout",), (*["open"] * 3, *["405"] * 5), ("open",) * 8),
    _staff("words of the admin's scripts", "admin:password_change_done admin:jsi18n", get=ALL, post=REFUSED_POST),
    _staff("what a field could be filled with", "admin:autocomplete", get=NOBODY, post=REFUSED_POST),
    _staff(
        "rows on the site, addresses that the admin lacks",
        "admin:view_on_site admin:staff/(?P<url>.*)$",
        get=MISSING,
        post=MISSING,
    ),
    _staff("the rows of one app", "admin:app_list", get="404 404 404 404 open", post="404 404 404 404 open"),
    _staff("to the page of a row", _whole(f"article {KEPT} {CHANGED}"), get=ALL, post=ALL),
    _staff(
        "rows that administrators change",
        _rows(CHANGED, "changelist", "add", "history", "delete", "change") + " admin:auth_user_password_change",
        get=ADMINISTRATORS,
        post=ADMINISTRATORS,
    ),
    _staff(
        "lists and histories of the other rows",
        _rows(f"article {KEPT}", "changelist", "history"),
        get=ADMINISTRATORS,
        post=ADMINISTRATORS,
    ),
    _staff("the other rows, to look at", _rows(f"article {KEPT}", "change"), get=ADMINISTRATORS, post=NOBODY),
    _staff(
        "what nobody does by hand while it is in use",
        _rows(f"article {KEPT}", "add", "delete"),
        get=NOBODY,
        post=NOBODY,
    ),
)


def find_rules(name: str) -> list[Rule]:
    return [rule for rule in RULES if name in rule.names]


def write_table() -> str:
    """The table as docs/permissions.md shows it: a row for each rule, a column for each actor, GET / POST."""
    lines = [f"| | {' | '.join(ACTORS)} |", "|---|" + "---|" * len(ACTORS)]
    for rule in RULES:
        cells = [get if get == post else f"{get} / {post}" for get, post in zip(rule.get, rule.post, strict=True)]
        lines.append(f"| {rule.what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write_page() -> str:
    """docs/permissions.md with the table as it is now."""
    before, mark, rest = PAGE.read_text().partition("<!-- the table -->\n")
    _, end, after = rest.partition("<!-- end of the table -->")
    return f"{before}{mark}{write_table()}\n{end}{after}"


if __name__ == "__main__":
    PAGE.write_text(write_page())
