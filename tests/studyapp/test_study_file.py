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


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[study", "my.toml, line 1: no TOML"),
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


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(StudyFileError, match=r"nothing\.toml: cannot be read: No such file"):
        read_study_file(tmp_path / "nothing.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(StudyFileError, match="is not UTF-8"):
        read_study_file(tmp_path / "latin.toml")
