"""What docs/recruitment.md tells people to type is what the platforms take."""

import re
import tomllib
from pathlib import Path

import pytest

from studyapp.domain.study_design import parse_design
from studyapp.recruitment import MAKERS, Outcome, make_adapter
from studyapp.recruitment.query_signature import sign_query
from tests.studyapp.recruitment.test_platforms import TERMS

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "recruitment.md").read_text()


def find_blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.mark.parametrize("block", find_blocks("toml"))
def test_every_study_file_in_it_is_taken(block):
    said = tomllib.loads(block)["recruitment"]
    design = parse_design({"study": {"slug": "s", "title": "T"}, "recruitment": said})
    assert design.recruitment.platform == said["platform"]


def test_the_signature_in_it_is_ours():
    names = {"secret": "s"}
    exec(find_blocks("python")[0], names)
    assert names["canonical"] == "RID=r%201&country=NL"
    assert names["signature"] == sign_query([("country", "NL"), ("RID", "r 1")], secret="s", signature_param="hash")


def test_every_platform_its_parameters_and_every_end_are_in_it():
    for platform in MAKERS:
        adapter = make_adapter(platform, TERMS[platform])
        named = [adapter.id_param, adapter.session_param, adapter.study_param] if platform != "panel" else []
        assert all(name in TEXT for name in [platform, *named])
        if platform not in ("panel", "personal"):
            assert adapter.entry_query in TEXT
    assert all(f"`{outcome}`" in TEXT for outcome in Outcome)
