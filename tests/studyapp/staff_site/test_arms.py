"""The models of a draft: offered, added, changed, moved and removed."""

import pytest
from django.core.cache import cache

from studyapp.models import Study
from tests.generator.foreign_models import CHAT_TEMPLATE, make_foreign, put_into_cache
from tests.generator.scripted_server import ScriptedServer
from tests.studyapp.staff_site.staff_pages import page, put_checkpoint, read, read_form
from tests.studyapp.study_rows import finish_jobs, make_draft

pytestmark = pytest.mark.django_db
NAMED = {"do": "add_named", "name": "huge", "conditioned": "on", "generator": "openai:huge"}


@pytest.fixture
def study():
    return make_draft(n_items=3, slug="mine", study={"preset": "gpt3-short"}, arms=[])


def list_arms(study):
    return list(study.arms.values_list("name", "is_control", "conditioned"))


def test_ticked_models_become_arms_with_the_presets_sampling(admin_client, settings, study):
    put_checkpoint(settings.MODELS_DIR, "mine/control", n_params=1000)
    put_checkpoint(settings.MODELS_DIR, "mine/small", n_params=5000)
    put_checkpoint(settings.MODELS_DIR, "mine/unused", n_params=9000)
    shown = read(admin_client.get(page("study_models", "mine")))
    assert shown.count('name="arm"') == 3 and 'value="1.3"' in shown  # the preset's control samples hotter
    control, small = "checkpoint:mine/control", "checkpoint:mine/small"
    admin_client.post(
        page("study_models", "mine"),
        {
            "do": "add", "arm": [control, small], "control": control,
            f"label-{control}": "Bad", f"temperature-{control}": "1.5", f"top_p-{control}": "1",
            f"label-{small}": "Small", f"temperature-{small}": "1", f"top_p-{small}": "0.9",
        },
    )  # fmt: skip
    first, second = study.arms.all()
    assert (first.name, first.label, first.is_control, first.conditioned, first.sampling["temperature"]) == (
        "control", "Bad", True, False, 1.5,
    )  # fmt: skip
    assert (second.generator, second.n_params, second.conditioned) == ("checkpoint:mine/small", 5000, True)
    assert read(admin_client.get(page("study_models", "mine"))).count('name="arm"') == 1


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"arm": ""}, "Tick at least one model"),
        ({"arm": "openai:gone"}, "openai:gone is not to be found any more"),
        ({"temperature-checkpoint:small": "hot"}, "must be numbers"),
        ({"temperature-checkpoint:small": "99"}, "must be a number from 0.01 to 10"),
    ],
)
def test_models_that_cannot_be_added_say_why(admin_client, settings, study, change, fault):
    put_checkpoint(settings.MODELS_DIR, "small", n_params=5000)
    said = {
        "do": "add", "arm": "checkpoint:small", "label-checkpoint:small": "Small",
        "temperature-checkpoint:small": "1", "top_p-checkpoint:small": "0.9",
    }  # fmt: skip
    posted = {key: value for key, value in {**said, **change}.items() if value != ""}
    assert fault in read(admin_client.post(page("study_models", "mine"), posted))
    assert not study.arms.exists()


def test_models_of_the_cache_and_of_the_server_become_arms(admin_client, settings, tmp_path, study):
    server = ScriptedServer()
    settings.OPENAI_URL = server.url
    asks = make_foreign(tmp_path / "asks", "qwen2", template=CHAT_TEMPLATE)
    put_into_cache(settings.HUGGING_FACE_CACHE, "Family/Asks_1.5B", asks)
    said = {
        "do": "add", "arm": ["huggingface:Family/Asks_1.5B", "openai:family/large"],
        "chat": "huggingface:Family/Asks_1.5B", "n_params-openai:family/large": "7 b",
    }  # fmt: skip
    address = page("study_models", "mine")
    try:
        shown = read(admin_client.get(address))
        assert "In the Hugging Face cache" in shown and "Of the server" in shown and "family/small" in shown
        wrong = admin_client.post(address, {**said, "n_params-openai:family/large": "big"})
        assert "is no number of parameters" in read(wrong)
        admin_client.post(address, said)
        assert "family/large" not in read(admin_client.get(address)).partition("Models that can be added")[2]
    finally:
        server.shutdown()
        server.server_close()
        cache.clear()
    cached, remote = study.arms.all()
    assert (cached.name, cached.generator) == ("asks-1.5b", "huggingface-chat:Family/Asks_1.5B")
    assert cached.n_params > 1000
    assert (remote.name, remote.generator, remote.n_params) == ("large", "openai:family/large", 7 * 10**9)


def test_a_model_by_name_and_one_that_is_not_there_is_told(admin_client, study):
    address = page("study_models", "mine")
    assert "must be &#x27;checkpoint:FOLDER&#x27;" in read(admin_client.post(address, {**NAMED, "generator": "gpt"}))
    admin_client.post(address, {**NAMED, "generator": "checkpoint:elsewhere", "n_params": "175B"})
    arm = study.arms.get()
    assert (arm.name, arm.n_params, arm.conditioned, arm.sampling) == ("huge", 175 * 10**9, True, {})
    assert "not on this machine" in read(admin_client.get(address))
    assert "Another arm has this name" in read(admin_client.post(address, NAMED))


def test_a_second_control_takes_the_place_of_the_first(admin_client):
    study = make_draft(slug="pilot")
    admin_client.post(page("study_models", "pilot"), {**NAMED, "control": "on"})
    assert [arm[:2] for arm in list_arms(study)] == [
        ("control", False), ("small", False), ("large", False), ("huge", True),
    ]  # fmt: skip


def test_an_arm_is_changed_on_its_page_and_keeps_what_was_not_touched(admin_client):
    sampling = {"temperature": 0.7, "top_k": 40, "stop": ["END"]}
    arm = {"name": "one", "generator": "openai:m", "n_params": 5, "sampling": sampling}
    study = make_draft(slug="pilot", arms=[arm])
    address = page("study_arm", "pilot", "one")
    form = read_form(admin_client.get(address))
    admin_client.post(address, form)
    arm = study.arms.get()
    assert (arm.sampling, arm.n_params) == (sampling, 5)
    admin_client.post(address, {**form, "name": "two", "sampling-temperature": "", "sampling-stop": "A\nB"})
    arm = study.arms.get()
    assert (arm.name, arm.sampling) == ("two", {"top_k": 40, "stop": ["A", "B"]})
    for change, fault in (
        ({"name": "Two!"}, "must be small letters"),
        ({"sampling-top_p": "3"}, "less than or equal to 1"),
        ({"n_params": "many"}, "is no number of parameters"),
        ({"sampling-stop": "a\nb\nc\nd\ne"}, "can have 4 marks"),
    ):
        assert fault in read(admin_client.post(page("study_arm", "pilot", "two"), {**form, **change}))
    assert admin_client.get(address).status_code == 404


def test_an_arms_use_of_its_model_is_set_and_arms_are_crossed_with_it(admin_client):
    study = make_draft(slug="pilot")
    address = page("study_arm", "pilot", "small")
    form = read_form(admin_client.get(address))
    said = {"shots": "1", "context_choice": "random", "context_seed": "3", "instruction": "Write this article."}
    admin_client.post(address, {**form, **said})
    assert study.arms.get(name="small").use == {**said, "shots": 1, "context_seed": 3}
    shown = read(admin_client.get(page("study_models", "pilot")))
    assert "1 context article, random, seed 3, an instruction" in shown
    admin_client.post(address, {**form, "shots": ""})
    assert study.arms.get(name="small").use == {}
    models = page("study_models", "pilot")
    assert "must be whole numbers" in read(admin_client.post(models, {"do": "cross", "shots": "few"}))
    admin_client.post(models, {"do": "cross", "shots": "0, 1"})
    assert list(study.arms.values_list("name", "use")) == [
        ("control", {}), ("small-k0", {"shots": 0}), ("small-k1", {"shots": 1}),
        ("large-k0", {"shots": 0}), ("large-k1", {"shots": 1}),
    ]  # fmt: skip
    assert "Cross the models" not in read(admin_client.get(models))


def test_arms_move_and_go(admin_client):
    study = make_draft(n_items=3, slug="pilot")
    address = page("study_models", "pilot")
    admin_client.post(address, {"do": "up", "arm_name": "large"})
    assert [name for name, *_ in list_arms(study)] == ["control", "large", "small"]
    admin_client.post(address, {"do": "down", "arm_name": "control"})
    admin_client.post(address, {"do": "up", "arm_name": "large"})
    assert [name for name, *_ in list_arms(study)] == ["large", "control", "small"]
    finish_jobs(study)
    assert "6 generated texts" in read(admin_client.post(address, {"do": "remove", "arm_name": "small"}, follow=True))
    admin_client.post(address, {"do": "remove", "arm_name": "small", "drop_texts": "yes"})
    assert [name for name, *_ in list_arms(study)] == ["large", "control"]
    for posted in ({"do": "remove", "arm_name": "gone"}, {"do": "dance", "arm_name": "large"}):
        assert "Nothing was done" in read(admin_client.post(address, posted, follow=True))
    assert Study.objects.get().arms.count() == 2
