"""Every platform: who its link says has come, and how each end is told to it."""

from pathlib import Path

import pytest

from studyapp.domain import study_design
from studyapp.recruitment import MAKERS, SIMULATED, Arrival, EntryError, Outcome, Terms, Verification, make_adapter

PID, SESSION, STUDY = "5f8d0c2b9a1e4d3c2b1a0f9e", "60fd8a4b2c3d4e5f6a7b8c9d", "61aa8a4b2c3d4e5f6a7b8c9d"
SONA = {"host": "lab.sona-systems.com", "experiment_id": "12", "credit_token": "t0ken"}
PANEL = {
    "id_param": "RID",
    "session_param": "visit",
    "study_param": "wave",
    "capture": ["country"],
    "title": "Panel Co",
}
END = "https://panel.example.com/end?st={n}&rid={id}"
TERMS = {
    "anonymous": Terms(),
    "prolific": Terms(completion_code="C1ABCDEF"),
    "connect": Terms(outcomes={"complete": "https://connect.cloudresearch.com/participant/project/P/complete"}),
    "sona": Terms(settings=SONA),
    "panel": Terms(
        settings=PANEL,
        hosts=("panel.example.com",),
        outcomes={"complete": END.replace("{n}", "1"), "quota_full": END.replace("{n}", "3") + "&c={country}&w={wave}"},
    ),
    "personal": Terms(),
    "mturk": Terms(),
}
TURK = {"workerId": "A1B2", "assignmentId": "3XYZ", "hitId": "H1", "turkSubmitTo": "https://www.mturk.com"}


def make(platform, **changed):
    terms = TERMS[platform]
    return make_adapter(platform, Terms(**{**vars(terms), **changed}))


def test_every_platform_a_study_can_name_is_here_and_in_this_test():
    assert list(study_design.PLATFORMS) == list(MAKERS) == list(TERMS)


ARRIVALS = [
    ("anonymous", {"PROLIFIC_PID": PID}, Arrival()),
    ("prolific", {"PROLIFIC_PID": PID, "STUDY_ID": STUDY, "SESSION_ID": SESSION},
     Arrival(PID, SESSION, captured={"STUDY_ID": STUDY})),
    ("prolific", {"PROLIFIC_PID": f" {PID} ", "SESSION_ID": "x"}, Arrival(PID)),
    ("prolific", {"PROLIFIC_PID": "{{%PROLIFIC_PID%}}"}, Arrival(is_preview=True)),
    ("connect", {"participantId": "A9", "assignmentId": "s", "projectId": "P", "x": "y"},
     Arrival("A9", "s", captured={"projectId": "P"})),
    ("connect", {"participantId": "A9"}, Arrival("A9")),
    ("sona", {"survey_code": "12345"}, Arrival("12345")),
    ("sona", {"survey_code": "%SURVEY_CODE%"}, Arrival(is_preview=True)),
    ("panel", {"RID": "r/1", "visit": "v", "wave": "w", "country": "NL", "age": "30"},
     Arrival("r/1", "v", captured={"wave": "w", "country": "NL"})),
    ("panel", {"RID": "[RID]"}, Arrival(is_preview=True)),
    ("mturk", TURK, Arrival("A1B2", "3XYZ", captured={"hitId": "H1", "turkSubmitTo": "www.mturk.com"})),
    ("mturk", {**TURK, "turkSubmitTo": "https://workersandbox.mturk.com/"},
     Arrival("A1B2", "3XYZ", captured={"hitId": "H1", "turkSubmitTo": "workersandbox.mturk.com"})),
    ("mturk", {"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE", "hitId": "H1"}, Arrival(is_preview=True)),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "parameters", "arrival"), ARRIVALS)
def test_a_link_says_who_has_come(platform, parameters, arrival):
    assert make(platform).read_arrival(parameters) == arrival


@pytest.mark.parametrize(
    ("platform", "parameters"),
    [
        *(("prolific", {"PROLIFIC_PID": pid}) for pid in ["", "x", PID.upper(), PID + "0", "<script>"]),
        ("prolific", {"SESSION_ID": SESSION}),
        ("connect", {}),
        ("sona", {"survey_code": "1"}),
        ("sona", {"survey_code": "12345678"}),
        ("panel", {"rid": "1"}),
        ("panel", {"RID": "a b"}),
        ("panel", {"RID": "x" * 121}),
        ("personal", {}),
        ("mturk", {**TURK, "workerId": ""}),
        ("mturk", {**TURK, "turkSubmitTo": "https://evil.example"}),
        ("mturk", {**TURK, "turkSubmitTo": "http://www.mturk.com"}),
        ("mturk", {**TURK, "turkSubmitTo": "https://www.mturk.com@evil.example"}),
        ("mturk", {**TURK, "turkSubmitTo": "https://www.mturk.com.evil.example"}),
        ("mturk", {name: value for name, value in TURK.items() if name != "turkSubmitTo"}),
    ],
)
def test_a_link_that_names_nobody_is_refused_with_what_to_do(platform, parameters):
    with pytest.raises(EntryError, match="again"):
        make(platform).read_arrival(parameters)


SOMEBODY = Arrival("r 1", "v&", captured={"country": "NL", "wave": "2", "turkSubmitTo": "workersandbox.mturk.com"})
CONNECT = {**TERMS["connect"].outcomes, "screen_out": "https://connect.cloudresearch.com/p/partial"}
ENDS = [
    # platform, what the study says beside TERMS, outcome, code and address
    ("anonymous", {}, "complete", "", ""),
    ("anonymous", {"completion_code": "DONE7"}, "complete", "DONE7", ""),
    ("prolific", {}, "complete", "C1ABCDEF", "https://app.prolific.com/submissions/complete?cc=C1ABCDEF"),
    ("prolific", {}, "failed_checks", "C1ABCDEF", "https://app.prolific.com/submissions/complete?cc=C1ABCDEF"),
    ("prolific", {"outcomes": {"failed_checks": "C9XYZ"}}, "failed_checks", "C9XYZ",
     "https://app.prolific.com/submissions/complete?cc=C9XYZ"),
    ("prolific", {}, "no_consent", "", ""),
    ("prolific", {"outcomes": {"no_consent": "C2NOPE"}}, "no_consent", "C2NOPE",
     "https://app.prolific.com/submissions/complete?cc=C2NOPE"),
    ("prolific", {"outcomes": {"screen_out": "C3OUT"}}, "device", "C3OUT",
     "https://app.prolific.com/submissions/complete?cc=C3OUT"),
    ("connect", {}, "complete", "", "https://connect.cloudresearch.com/participant/project/P/complete"),
    ("connect", {}, "screen_out", "", ""),
    ("connect", {"outcomes": CONNECT}, "error", "", "https://connect.cloudresearch.com/p/partial"),
    ("connect", {"completion_code": "AB12", "outcomes": {}}, "complete", "AB12", ""),
    ("sona", {}, "complete", "", "https://lab.sona-systems.com/webstudy_credit.aspx?experiment_id=12"
     "&credit_token=t0ken&survey_code=r%201"),
    ("panel", {}, "complete", "", "https://panel.example.com/end?st=1&rid=r%201"),
    ("panel", {}, "quota_full", "", "https://panel.example.com/end?st=3&rid=r%201&c=NL&w=2"),
    ("panel", {}, "no_consent", "", ""),
    ("mturk", {}, "complete", "", "https://workersandbox.mturk.com/mturk/externalSubmit"),
    ("mturk", {}, "no_consent", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "said", "outcome", "code", "url"), ENDS)
def test_every_end_is_told_in_the_platforms_own_way(platform, said, outcome, code, url):
    ending = make(platform, **said).end(Outcome(outcome), SOMEBODY)
    assert (ending.code, ending.url) == (code, url)
    assert ending.method == ("POST" if platform == "mturk" and url else "GET")


@pytest.mark.parametrize("platform", MAKERS)
@pytest.mark.parametrize("outcome", ["no_consent", "screen_out", "quota_full", "device", "error"])
def test_no_other_end_is_ever_told_as_a_completion(platform, outcome):
    adapter = make(platform)
    ending, complete = adapter.end(Outcome(outcome), SOMEBODY), adapter.end(Outcome.COMPLETE, SOMEBODY)
    assert not ending.code or ending.code != complete.code
    assert not ending.url or ending.url != complete.url


@pytest.mark.parametrize("platform", ["prolific", "connect", "sona", "panel", "mturk"])
def test_where_no_end_is_declared_they_are_told_what_to_do(platform):
    assert make(platform).end(Outcome.SCREEN_OUT, SOMEBODY).hint
    assert not make(platform).end(Outcome.COMPLETE, SOMEBODY).hint


def test_mturk_is_posted_the_assignment_and_one_more_field():
    fields = make("mturk").end(Outcome.COMPLETE, SOMEBODY).fields
    assert fields["assignmentId"] == "v&"
    assert len(fields) > 1


def test_an_address_that_a_captured_value_leads_elsewhere_is_not_shown():
    stored = Arrival("w", "a", captured={"turkSubmitTo": "evil.example"})
    assert make("mturk").end(Outcome.COMPLETE, stored).url == ""


@pytest.mark.parametrize(
    ("platform", "query"),
    [
        ("anonymous", ""),
        ("prolific", "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"),
        ("connect", ""),
        ("sona", "survey_code=%SURVEY_CODE%"),
        ("panel", "RID=[RID]&visit=[visit]&wave=[wave]&country=[country]"),
        ("mturk", ""),
    ],
)
def test_the_link_to_give_the_platform_has_its_placeholders(platform, query):
    adapter = make(platform)
    assert adapter.entry_query == query
    if query:  # and opened as it is, it is a preview
        parameters = dict(pair.split("=", 1) for pair in query.split("&"))
        assert adapter.read_arrival(parameters).is_preview


DEAD = "app.prolific." + "co"
FAULTS = [
    ("prolific", {"completion_code": ""}, "completion_code: Prolific needs"),
    ("prolific", {"outcomes": {"no_consent": "C1ABCDEF"}}, "outcomes: no_consent is the same as that of a completion"),
    ("prolific", {"outcomes": {"quota_full": "https://app.prolific.com/submissions/complete?cc=C1ABCDEF"}},
     "outcomes: quota_full is the same"),
    ("prolific", {"outcomes": {"no_consent": f"https://{DEAD}/submissions/complete?cc=C2"}},
     "outcomes: no_consent leads to .* dead; write app.prolific.com"),
    ("prolific", {"hosts": (DEAD,)}, "hosts: .* dead; write app.prolific.com"),
    ("prolific", {"outcomes": {"no_consent": "https://evil.example/"}}, "outcomes: no_consent leads to evil.example"),
    ("prolific", {"outcomes": {"no_consent": "http://app.prolific.com/"}}, "outcomes: no_consent .* https"),
    ("prolific", {"outcomes": {"no_consent": "a b"}}, "outcomes: no_consent: 'a b' is no code"),
    ("prolific", {"outcomes": {"refused": "C2NO"}}, "outcomes: there is no 'refused'; choose from complete"),
    ("prolific", {"outcomes": {"no_consent": 7}}, "outcomes: no_consent must be a code or a link"),
    ("prolific", {"settings": {"id_param": "x"}}, "settings: there is no 'id_param'; Prolific has none"),
    ("prolific", {"hosts": ("https://x.example",)}, "hosts: .* no name of a host"),
    ("connect", {"outcomes": {}}, "completion_code: Connect needs"),
    ("connect", {"outcomes": {**CONNECT, "screen_out": CONNECT["complete"]}}, "outcomes: screen_out is the same"),
    ("sona", {"settings": {"host": "lab.sona-systems.com"}}, "settings: SONA needs experiment_id, credit_token"),
    ("sona", {"settings": {**SONA, "host": "sona.example.edu"}}, "settings: host sona.example.edu is none of SONA's"),
    ("sona", {"settings": {**SONA, "credit_token": "a&b"}}, "settings: credit_token"),
    ("sona", {"completion_code": "C1AB"}, "completion_code: SONA has none"),
    ("panel", {"settings": {}}, "settings: a panel needs id_param"),
    ("panel", {"hosts": ()}, "outcomes: complete leads to panel.example.com; allowed are none"),
    ("panel", {"outcomes": {}}, "outcomes: a panel needs complete"),
    ("panel", {"settings": {**PANEL, "signature_param": "h"}}, "settings: signature_param and secret go together"),
    ("panel", {"settings": {**PANEL, "signature_param": "h", "secret": "BYLINE_SECRET_KEY"}}, "settings: secret"),
    ("panel", {"settings": {**PANEL, "capture": "country"}}, "settings: capture must be a list"),
    ("panel", {"settings": {**PANEL, "capture": ["id"]}}, "settings: capture cannot take id"),
    ("panel", {"settings": {**PANEL, "capture": ["RID"]}}, "settings: a parameter has one meaning; twice: RID"),
    ("panel", {"settings": {**PANEL, "id_param": "a b"}}, "settings: id_param"),
    ("mturk", {"outcomes": {"complete": "https://www.mturk.com/"}}, "outcomes: complete is posted to MTurk itself"),
    ("connect", {"secure_link": True}, "secure_link: only Prolific signs its links"),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "changed", "fault"), FAULTS)
def test_what_a_platform_cannot_have_is_a_fault_that_names_the_key(platform, changed, fault):
    with pytest.raises(ValueError, match=fault):
        make(platform, **changed)


def test_a_host_of_ones_own_is_taken_where_the_study_lists_it():
    adapter = make("sona", settings={**SONA, "host": "sona.example.edu"}, hosts=("sona.example.edu",))
    assert adapter.end(Outcome.COMPLETE, SOMEBODY).url.startswith("https://sona.example.edu/webstudy_credit.aspx?")


@pytest.mark.parametrize(
    ("platform", "changed", "verify"),
    [
        ("prolific", {}, Verification.NONE),
        ("prolific", {"secure_link": True}, Verification.JWT),
        ("panel", {}, Verification.NONE),
        ("panel", {"settings": {**PANEL, "signature_param": "h", "secret": "BYLINE_PANEL_SECRET"}}, Verification.HMAC),
        ("personal", {}, Verification.OWN),
    ],
)
def test_what_is_asked_of_a_link(platform, changed, verify):
    assert make(platform, **changed).verify is verify


def test_a_simulated_participant_needs_a_name_and_no_platform_is_told_of_them():
    assert SIMULATED.read_arrival({"simulated": "7"}).external_id == "7"
    with pytest.raises(EntryError):
        SIMULATED.read_arrival({})
    assert not any(SIMULATED.end(outcome, Arrival("7")).is_told for outcome in Outcome)


def test_no_file_names_the_dead_domain_of_prolific():
    root = Path(__file__).resolve().parents[3]
    dead = "prolific" + ".co"
    files = [path for folder in ("studyapp", "docs", "examples") for path in (root / folder).rglob("*")]
    for path in [root / "README.md", *files]:
        if path.suffix in {".py", ".html", ".md", ".toml", ".js"}:
            assert dead not in path.read_text().replace(dead + "m", ""), path
