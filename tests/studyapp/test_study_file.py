import pytest
from hypothesis import given

from studyapp.domain.study_design import parse_design
from studyapp.study_file import StudyFileError, list_presets, parse_study_file, read_study_file, write_study_file
from tests.studyapp.domain.test_study_design import designs

REFS = [f"a{number}" for number in range(40)]


def read(text, **options):
    return parse_study_file(text, name="my.toml", folder=None, **options)


@given(mapping=designs)
def test_a_written_study_file_reads_back_as_the_same_design(mapping):
    design = parse_design(mapping)
    assert read(write_study_file(design)).resolve([]) == design


PLATFORMS = """
[study]
slug = "s"
title = "T"
[recruitment]
platform = "panel"
hosts = ["panel.example.com"]
[recruitment.settings]
id_param = "RID"
capture = ["wave", "country"]
signature_param = "h"
secret = "BYLINE_PANEL_SECRET"
[recruitment.outcomes]
complete = "https://panel.example.com/?s=1&rid={id}"
quota_full = "https://panel.example.com/?s=3&rid={id}&w={wave}"
"""


def test_what_a_file_says_of_its_platform_survives_being_written():
    design = read(PLATFORMS).resolve(REFS)
    assert design.recruitment.settings["capture"] == ["wave", "country"]
    assert read(write_study_file(design)).resolve([]) == design


@pytest.mark.parametrize("preset", list_presets())
def test_every_preset_makes_a_design_that_survives_its_own_file(preset):
    design = read(f'[study]\nslug = "s"\ntitle = "T"\npreset = "{preset}"').resolve(REFS)
    assert read(write_study_file(design)).resolve([]) == design


def test_the_published_short_study_is_the_preset():
    design = read('[study]\nslug = "s"\ntitle = "T"').resolve(REFS)
    assert (len(design.articles.items), len(design.articles.context), design.articles.candidates) == (25, 3, 5)
    assert [arm.n_params for arm in design.arms if not arm.control] == [
        125e6, 350e6, 760e6, 1.3e9, 2.7e9, 6.7e9, 13e9, 175e9,
    ]  # fmt: skip
    control = next(arm for arm in design.arms if arm.control)
    assert not control.conditioned
    assert control.sampling["temperature"] > max(arm.sampling["temperature"] for arm in design.arms if arm != control)
    assert design.checks.exclusion_rules == ("internet_check",)


def test_numbers_take_articles_from_the_beginning_of_the_file_context_first():
    design = read('[study]\nslug = "s"\ntitle = "T"\n[articles]\nitems = 4\ncontext = ["a2"]').resolve(REFS)
    assert design.articles.context == ("a2",)
    assert design.articles.items == ("a0", "a1", "a3", "a4")


def test_arms_are_crossed_with_numbers_of_context_articles():
    head = '[study]\nslug = "s"\ntitle = "T"\n[[arms]]\nname = "small"\ngenerator = "checkpoint:small"\n'
    design = read(head + "shots = [0, 2]\ncontext_choice = 'random'").resolve(REFS)
    assert [(arm.name, arm.shots, arm.context_choice) for arm in design.arms] == [
        ("small-k0", 0, "random"), ("small-k2", 2, "random"),
    ]  # fmt: skip
    assert read(write_study_file(design)).resolve(REFS) == design
    with pytest.raises(StudyFileError, match=r"line 7: \[\[arms\]\] 1 shots: is \[0, 0\]"):
        read(head + "shots = [0, 0]")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[study", "my.toml, line 1: no TOML: Unexpected end of file"),
        ('[study]\nslug = "s"\nslug = "t"', 'my.toml, line 3: no TOML: Key "slug" already exists'),
        ("[study]\n\n[articles]\nitems = [1", "my.toml, line 4: no TOML: it ends where more must follow"),
        ("[study]\nslug = 1\n[study.slug]\nx = 1", 'my.toml, line 3: no TOML: Key "slug" already exists'),
        ('[study]\nslug = "s"\ntitle = "T"\n[articles]\nitems = -1', r"line 5: \[articles\] items: is -1"),
        ('articles = 3\n[study]\nslug = "s"\ntitle = "T"', r"line 1: \[articles\]: must be a table"),
        ('[study]\nslug = "s"\ntitle = "T"\npreset = "gpt9"', "there is no 'gpt9'; choose from"),
        ('[study]\nslug = "s"\ntitle = "T"\n[articles]\nitems = 99', "my.toml, line 5: .*102 articles are wanted"),
        ('[study]\nslug = "s"\ntitle = "T"\n[articles]\nfile = "x.jsonl"', "import the articles first"),
        ('[study]\nslug = "s"', r"my.toml, line 1: \[study\] title: is missing"),
    ],
)
def test_a_fault_names_the_file_and_the_key(text, fault):
    with pytest.raises(StudyFileError, match=fault):
        read(text).resolve(REFS)


def test_every_fault_is_named_at_once_with_what_was_meant():
    file = read(
        '[study]\nslug = "s"\ntitle = "T"\nsede = 1\n[article]\nitems = 99\n[targets]\nparticipants_per_cell = "x"'
    )
    with pytest.raises(StudyFileError) as raised:
        file.resolve(REFS[:10])
    said = str(raised.value)
    assert "my.toml, line 4: [study] sede: there is no such key; did you mean 'seed'?" in said
    assert "my.toml, line 5: [article]: there is no such section; did you mean 'articles'?" in said
    assert "my.toml, line 8: [targets] participants_per_cell: is 'x'; it must be a whole number" in said
    assert "28 articles are wanted beside those named, but there are 10" in said


LONG = """\
# a pilot
[study]
slug = "pilot"
title = '''
[targets]
participants_per_cel = 1
'''

[checks] # what is asked
exclusion_rules = [
  "looked_up",
  "comprehension",
]
comprehension_tries = 0

[targets]
participants_per_cel = 20

[articles]
items = 4
context = 1

[[comprehension]]
question = "?"
choices = ["a", "b"]
answer = "c"

[[arms]]
ladder = "gpt2"
[[arms]]
name = "x"
sampling = { top_p = 0.9,
  heat = 2 }
[[arms]]
label = "no name"
"""


def test_every_fault_names_the_line_of_its_key():
    with pytest.raises(StudyFileError) as raised:
        read(LONG).resolve(REFS)
    assert raised.value.faults == [
        "my.toml, line 14: [checks] comprehension_tries: must be from 1 to 10",
        "my.toml, line 17: [targets] participants_per_cel: there is no such key; did you mean 'participants_per_cell'?",
        "my.toml, line 26: [[comprehension]] 1 answer: is 'c'; it must be one of the choices, word for word",
        "my.toml, line 33: [[arms]] 2 sampling.heat: there is no such key; its keys are temperature, top_p, top_k, "
        "repetition_penalty, length_ratio, max_tokens, stop",
        "my.toml, line 34: [[arms]] 3 name: is missing",
    ]


def test_a_fault_in_what_the_preset_says_names_the_section_that_made_it_one():
    with pytest.raises(StudyFileError, match=r"my\.toml, line 5: \[checks\] exclusion_rules: .* needs internet_check"):
        read('[study]\nslug = "s"\ntitle = "T"\n\n[checks]\ninternet_check_question = ""').resolve(REFS)


def test_a_study_without_questions_or_arms_takes_none_of_the_presets():
    text = 'comprehension = []\narms = []\n[study]\nslug = "s"\ntitle = "T"\npreset = "gpt3-long"'
    design = read(text).resolve(REFS)
    assert (design.comprehension, design.arms) == ((), ())
    assert read(write_study_file(design)).resolve([]) == design


def test_the_published_long_study_is_a_preset():
    design = read('[study]\nslug = "s"\ntitle = "T"\npreset = "gpt3-long"').resolve(REFS)
    assert (len(design.articles.items), len(design.articles.context), design.articles.candidates) == (12, 1, 5)
    assert [(arm.n_params, arm.control) for arm in design.arms] == [(160e6, True), (175e9, False)]
    assert 2 * 2 * design.targets.participants_per_cell == 160  # over two arms of two forms
    assert (design.checks.reveal_stages, design.checks.reveal_seconds) == (3, 30)
    assert len(design.comprehension) >= 2
    assert design.checks.comprehension_tries >= 2  # a platform's rule
    assert "comprehension" not in design.checks.exclusion_rules  # off unless a study declares it


def test_pairs_are_a_preset():
    design = read('[study]\nslug = "s"\ntitle = "T"\npreset = "paired"').resolve(REFS)
    assert (design.checks.presentation, design.checks.reveal_stages) == ("paired", 1)
    assert len(design.articles.items) % 2 == 0  # so that each source stands first exactly half of the time


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(StudyFileError, match=r"nothing\.toml: cannot be read: No such file"):
        read_study_file(tmp_path / "nothing.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(StudyFileError, match="is not UTF-8"):
        read_study_file(tmp_path / "latin.toml")


@pytest.mark.parametrize("said", ["[" * 5000, "9" * 5000, "[" * 300 + "]" * 300 + "x"])
def test_what_no_reader_of_toml_can_stand_is_refused(said):
    with pytest.raises(StudyFileError):
        parse_study_file(f"[study]\nseed = {said}\n", name="a.toml", folder=None)
