import pytest
from django.core.cache import cache

from studyapp.model_files.known_models import find_known_model
from studyapp.model_files.offered_models import ask_server, is_cached, list_cached_models, list_server_models
from tests.generator.foreign_models import CHAT_TEMPLATE, edit_json, make_foreign, put_into_cache
from tests.generator.scripted_server import ScriptedServer


@pytest.fixture
def server(settings):
    scripted = ScriptedServer()
    settings.OPENAI_URL, settings.OPENAI_KEY = scripted.url, "secret"
    cache.clear()
    yield scripted
    scripted.shutdown()
    scripted.server_close()
    cache.clear()


def test_causal_models_with_safetensors_are_found_in_the_cache(tmp_path):
    plain = make_foreign(tmp_path / "plain", "pythia")
    chat = make_foreign(tmp_path / "chat", "qwen2", template=CHAT_TEMPLATE)
    other = make_foreign(tmp_path / "other", "llama")
    edit_json(other / "config.json", architectures=["T5ForConditionalGeneration"])
    pickled = make_foreign(tmp_path / "pickled", "gpt2")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    folder = tmp_path / "cache"
    put_into_cache(folder, "Family/tiny", plain)
    put_into_cache(folder, "Family/tiny", plain, commit="b" * 40, ref="refs/pr/1")
    put_into_cache(folder, "Family/asks", chat, commit="c" * 40)
    put_into_cache(folder, "Family/t5", other, commit="d" * 40)
    put_into_cache(folder, "Family/pickled", pickled, commit="e" * 40)
    found = {model.generator: (model.n_params is not None, model.chat) for model in list_cached_models(folder)}
    assert found == {
        "huggingface:Family/tiny": (True, False),
        "huggingface:Family/tiny@refs/pr/1": (True, False),
        "huggingface:Family/asks": (True, True),
    }
    assert is_cached("Family/tiny", folder) and is_cached(f"Family/tiny@{'b' * 40}", folder)
    assert not is_cached("Family/tiny@v2", folder) and not is_cached("Family/none", folder)


def test_a_cache_that_is_not_there_is_empty(tmp_path):
    assert list_cached_models(tmp_path / "none") == []
    (tmp_path / "empty").mkdir()
    assert list_cached_models(tmp_path / "empty") == []


def test_the_servers_list_is_asked_once_a_minute_with_the_key(server):
    server.models = (200, {"data": [{"id": "qwen/qwen2.5-7b"}, {"id": "family/large"}]}, {})
    listings = [ask_server() for _ in range(3)]
    assert listings[0].names == ("family/large", "qwen/qwen2.5-7b") and not listings[0].fault
    assert (server.paths, server.keys) == (["/v1/models"], ["Bearer secret"])
    large, known = list_server_models(listings[0])
    assert (large.generator, large.n_params, large.chat) == ("openai:family/large", None, True)
    assert known.n_params == find_known_model("Qwen/Qwen2.5-7B").n_params


@pytest.mark.parametrize(
    ("models", "fault"),
    [
        ((401, {"error": "bad key"}, {}), "refused: 401"),
        ((200, b"<html>", {}), "not with a list of models"),
        ((200, {"models": []}, {}), "not with a list of models"),
        ((200, [], {}), "not with a list of models"),
    ],
)
def test_a_server_that_lists_nothing_says_why(server, models, fault):
    server.models = models
    assert fault in ask_server().fault and ask_server().names == ()


def test_a_server_that_is_away_is_told_and_no_server_is_no_fault(settings):
    cache.clear()
    settings.OPENAI_URL = "http://127.0.0.1:9/v1"
    assert "does not answer" in ask_server().fault
    settings.OPENAI_URL = ""
    assert (ask_server().names, ask_server().fault) == ((), "")
