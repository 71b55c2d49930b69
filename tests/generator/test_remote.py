"""Candidates over HTTP: from a server that misbehaves on purpose, and from a real one with a small checkpoint."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from transformers import AutoTokenizer

from generator import remote_server
from generator.article_request import ArticleRequest, Sampling
from generator.pacing import RateLimits
from generator.prompts import Story, build_messages, build_prompt
from generator.remote import RemoteError, RemoteWriter, Server, TokenCount, write_remote_candidates
from tests.generator.foreign_models import CHAT_TEMPLATE, make_foreign
from tests.generator.scripted_server import WORDS, ScriptedServer
from tests.services import wait_until

CONTEXT = (Story(title="An earlier one", subtitle="", body="The council met.\n\nIt went home again."),)
REQUEST = ArticleRequest(
    title="Ferry returns", subtitle="After two winters.", context=CONTEXT, conditioned=True, target_words=100,
    sampling=Sampling(temperature=0.8, top_p=0.95, length_ratio=1.2),
)  # fmt: skip
PROMPT = build_prompt(context=CONTEXT, title="Ferry returns", subtitle="After two winters.")


@pytest.fixture
def server():
    scripted = ScriptedServer()
    yield scripted
    scripted.released.set()
    scripted.shutdown()
    scripted.server_close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(remote_server, "FIRST_WAIT", 0.01)


def open_remote(server, **options):
    keys = {name: options.pop(name) for name in ("key", "timeout", "attempts", "limits") if name in options}
    return RemoteWriter(server=Server(url=server.url, **keys), model="some/model", **options)


def test_one_request_a_seed_with_the_arms_sampling(server):
    drafts = write_remote_candidates(open_remote(server, key="secret"), REQUEST, seeds=[5, 2**40 + 7, 9])
    assert [draft.seed for draft in drafts] == [5, 2**40 + 7, 9]
    assert [draft.text.split("Seed ")[1] for draft in drafts] == ["5 ends.", f"{(2**40 + 7) % 2**31} ends.", "9 ends."]
    assert all((draft.n_tokens, draft.prompt_tokens, draft.flags) == (123, 60, ()) for draft in drafts)
    assert {draft.model_version for draft in drafts} == {"some/model-2026-01-31"}
    assert set(server.keys) == {"Bearer secret"}
    assert set(server.paths) == {"/v1/completions"}
    for body in server.asked[1:]:
        assert body["prompt"] == PROMPT
        assert (body["model"], body["temperature"], body["top_p"]) == ("some/model", 0.8, 0.95)
        assert body["stop"] == ["\nTitle:", "\nSubtitle:"]
        assert "top_k" not in body
        # 100 words × 1.2 × (60 tokens of the prompt / its words), rounded up
        assert body["max_tokens"] == -(-100 * 12 * 60 // (10 * len(PROMPT.split())))


def test_the_control_sees_neither_context_nor_title(server):
    blind = ArticleRequest(**{**REQUEST.__dict__, "conditioned": False})
    write_remote_candidates(open_remote(server), blind, seeds=[1])
    assert server.asked[-1]["prompt"] == "Article:"
    write_remote_candidates(open_remote(server, is_chat=True), blind, seeds=[1])
    assert "Ferry" not in json.dumps(server.asked[-1]["messages"])


def test_the_chat_endpoint_gets_an_instruction_and_its_label_is_taken_off(server):
    draft = write_remote_candidates(open_remote(server, is_chat=True), REQUEST, seeds=[3])[0]
    assert server.paths[-1] == "/v1/chat/completions"
    roles = [message["role"] for message in server.asked[-1]["messages"]]
    assert roles == ["system", "user"]
    assert server.asked[-1]["messages"][1]["content"] == PROMPT
    assert draft.text.startswith("The harbour")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_or_broken_server_is_asked_again(server, status):
    server.script = {1: lambda body: (status, {"error": "later"}, {"Retry-After": "0"})}
    drafts = write_remote_candidates(open_remote(server), REQUEST, seeds=[1])
    assert "Seed 1 ends." in drafts[0].text
    assert len(server.asked) == 3


def test_a_refusal_is_told_at_once_with_the_servers_words(server):
    server.script = {0: lambda body: (404, {"error": "no such model some/model"}, {})}
    with pytest.raises(RemoteError, match=r"completions refused: 404 .*no such model"):
        write_remote_candidates(open_remote(server), REQUEST, seeds=[1, 2])
    assert len(server.asked) == 1


def test_a_server_that_stays_broken_is_given_up_and_nobody_at_all_too(server):
    server.script = {number: lambda body: (503, {}, {}) for number in range(9)}
    with pytest.raises(RemoteError, match="no answer in 3 attempts; the last: 503"):
        write_remote_candidates(open_remote(server, attempts=3), REQUEST, seeds=[1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = Server(url=f"http://127.0.0.1:{free.getsockname()[1]}/v1", attempts=2)
        with pytest.raises(RemoteError, match="no answer in 2 attempts; the last: ConnectError"):
            write_remote_candidates(RemoteWriter(server=nobody, model="m"), REQUEST, seeds=[1])


def test_a_slow_server_runs_into_the_time_limit(server):
    server.script = {1: lambda body: time.sleep(2) or server.write(body)}
    with pytest.raises(RemoteError, match="ReadTimeout"):
        write_remote_candidates(open_remote(server, timeout=0.3, attempts=1), REQUEST, seeds=[1])


@pytest.mark.parametrize("content", [b"<html>no</html>", b"[]", b"{}", b'{"choices": []}'])
def test_what_is_no_answer_is_told(server, content):
    server.script = {1: lambda body: (200, content, {})}
    with pytest.raises(RemoteError, match=r"127\.0\.0\.1"):
        write_remote_candidates(open_remote(server), REQUEST, seeds=[1])


def test_a_text_that_hit_the_limit_loses_its_broken_sentence(server):
    choice = {"text": f"{WORDS} And then the", "finish_reason": "length"}
    server.script = {1: lambda body: (200, {"choices": [choice]}, {})}
    draft = write_remote_candidates(open_remote(server), REQUEST, seeds=[1])[0]
    assert draft.text == WORDS
    assert draft.flags == ("cut_at_limit",)
    assert draft.n_tokens > 0  # counted by words where the server counts nothing


def test_progress_is_told_and_what_it_raises_ends_the_writing(server):
    server.script = {number: lambda body: time.sleep(1.2) or server.write(body) for number in (1, 2)}
    told = []
    write_remote_candidates(
        open_remote(server), REQUEST, seeds=[1, 2], on_progress=lambda done, limit: told.append((done, limit))
    )
    assert len(told) >= 4
    assert told[-1][0] == told[-1][1]


class LostError(Exception):
    pass


@pytest.mark.parametrize("answer", ["slow", "busy"])
def test_a_caller_that_gives_up_need_not_wait_for_what_is_under_way(server, answer):
    """Requests that would last 40 seconds, or wait as long for another attempt, are left behind at once."""
    answers = {"slow": server.write_late, "busy": lambda body: time.sleep(1) or (429, {}, {"Retry-After": "40"})}
    server.script = dict.fromkeys(range(1, 9), answers[answer])

    def lose(done, limit):
        if len(server.asked) >= 2:  # the count of tokens, and a candidate: where it is refused, no other is asked
            raise LostError

    began = time.monotonic()
    with pytest.raises(LostError):
        write_remote_candidates(open_remote(server), REQUEST, seeds=[1, 2], on_progress=lose)
    assert time.monotonic() - began < 30


def test_one_refusal_ends_the_others(server):
    # the first is refused late: the other would else wait with it
    late = lambda body: server.released.wait(5) or (429, {}, {"Retry-After": "40"})  # noqa: E731
    server.script = {1: late, 2: lambda body: (400, {"error": "bad"}, {})}
    began = time.monotonic()
    with pytest.raises(RemoteError, match="refused: 400"):
        write_remote_candidates(open_remote(server), REQUEST, seeds=[1, 2])
    assert time.monotonic() - began < 30


def refuse_for(seconds):
    return lambda body: (429, {"error": "slow down"}, {"Retry-After": str(seconds)})


def test_a_storm_of_refusals_is_waited_out_by_all_threads_together(server):
    server.script = {1: refuse_for(0.6), **dict.fromkeys(range(2, 5), refuse_for(0.3))}
    drafts = write_remote_candidates(open_remote(server), REQUEST, seeds=range(5))
    assert [draft.seed for draft in drafts] == list(range(5))
    assert max(server.times) - server.times[1] >= 0.6
    assert len(server.asked) == 1 + 5 + 4  # each refused request is made once more, and no other


def test_what_a_server_says_of_its_limits_is_heeded_before_it_refuses(server):
    empty = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "700ms"}
    server.script = {0: lambda body: (*server.write(body)[:2], empty)}
    write_remote_candidates(open_remote(server), REQUEST, seeds=[1, 2])
    assert min(server.times[1:]) - server.times[0] >= 0.7


def test_a_limit_of_our_own_holds_requests_back_until_somebody_gives_up(server):
    writer = open_remote(server, limits=RateLimits(requests_per_minute=2))

    def lose(done, limit):
        if len(server.asked) == 2 and time.monotonic() - server.times[-1] > 1.5:
            raise LostError

    with pytest.raises(LostError):
        write_remote_candidates(writer, REQUEST, seeds=[1, 2, 3], on_progress=lose)
    assert len(server.asked) == 2  # the count of tokens, and one candidate


def test_a_request_larger_than_the_limit_is_told(server):
    with pytest.raises(RemoteError, match=r"needs up to [\d,]+ tokens, and the limit is 100 a minute"):
        write_remote_candidates(open_remote(server, limits=RateLimits(tokens_per_minute=100)), REQUEST, seeds=[1])


class Ledger:
    """Keeps what it is told, and refuses from the n-th reservation on."""

    def __init__(self, *, refuse_from=99):
        self.reserved, self.settled, self._refuse_from = [], [], refuse_from

    def reserve(self, most):
        if len(self.reserved) >= self._refuse_from:
            raise LostError("no money")
        self.reserved.append(most)

    def settle(self, spent):
        self.settled.append(spent)


def test_what_is_spent_is_reserved_at_most_and_settled_as_the_server_counted(server):
    ledger = Ledger()
    write_remote_candidates(open_remote(server, ledger=ledger), REQUEST, seeds=[1, 2, 3])
    limit = server.asked[-1]["max_tokens"]
    assert ledger.reserved[1] == TokenCount(prompt=3 * 60, completion=3 * limit)
    assert ledger.settled == [TokenCount(prompt=4 * 60, completion=4 * 123)]


@pytest.mark.parametrize("refuse_from", [0, 1])
def test_nothing_is_asked_that_nobody_pays(server, refuse_from):
    ledger = Ledger(refuse_from=refuse_from)
    with pytest.raises(LostError):
        write_remote_candidates(open_remote(server, ledger=ledger), REQUEST, seeds=[1, 2])
    assert len(server.asked) == refuse_from
    assert ledger.settled == [TokenCount(60, 123) if refuse_from else TokenCount()]


def test_refusals_cost_nothing_and_requests_left_behind_the_most_that_they_can(server):
    ledger = Ledger()
    server.script = {1: lambda body: (400, {"error": "bad"}, {})}
    with pytest.raises(RemoteError):
        write_remote_candidates(open_remote(server, ledger=ledger), REQUEST, seeds=[1])
    assert ledger.settled.pop() == TokenCount(60, 123)
    server.script = {3: lambda body: time.sleep(2) or server.write(body)}
    with pytest.raises(RemoteError, match="ReadTimeout"):
        write_remote_candidates(open_remote(server, ledger=ledger, timeout=0.5, attempts=1), REQUEST, seeds=[1])
    assert ledger.settled.pop() == TokenCount(60 + 60, 123 + server.asked[-1]["max_tokens"])


def test_the_key_is_not_in_what_is_logged():
    assert "secret" not in repr(Server(url="http://localhost/v1", key="secret"))


@pytest.mark.parametrize("url", ["", "localhost:8000", "file:///etc/passwd"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="must begin with http"):
        Server(url=url)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """`transformers serve` with a GPT-2 of a few thousand parameters; its address and the model's name."""
    folder = make_foreign(tmp_path_factory.mktemp("served"), "gpt2", template=CHAT_TEMPLATE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "transformers"), "serve", str(folder), "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--device", "cpu"], env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: is_up(port), seconds=120, what="transformers serve answers")
        yield f"http://127.0.0.1:{port}/v1", str(folder)
    finally:
        process.terminate()
        process.wait(timeout=20)


def is_up(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=2).is_success
    except httpx.TransportError:
        return False


@pytest.mark.xdist_group("served")
def test_a_real_server_writes_by_seed_up_to_the_limit(served):
    url, model = served
    writer = RemoteWriter(server=Server(url=url), model=model)
    request = ArticleRequest(**{**REQUEST.__dict__, "target_words": 8})
    first = write_remote_candidates(writer, request, seeds=[1, 2])
    assert [draft.seed for draft in first] == [1, 2]
    assert all(0 < draft.n_tokens <= 200 for draft in first)
    assert first[0].prompt_sha256 == first[1].prompt_sha256


@pytest.mark.xdist_group("served")
def test_a_real_server_refuses_a_model_that_it_has_not(served):
    writer = RemoteWriter(server=Server(url=served[0]), model="nobody/nothing")
    with pytest.raises(RemoteError, match="refused: 4"):
        write_remote_candidates(writer, REQUEST, seeds=[1])


@pytest.mark.xdist_group("served")
def test_a_real_server_answers_chats_by_the_models_own_template(served):
    url, model = served
    request = ArticleRequest(**{**REQUEST.__dict__, "target_words": 8})
    ledger = Ledger()
    writer = RemoteWriter(server=Server(url=url), model=model, is_chat=True, ledger=ledger)
    drafts = write_remote_candidates(writer, request, seeds=[1, 2])
    tokenizer = AutoTokenizer.from_pretrained(model)
    turns = build_messages(PROMPT, conditioned=True)
    expected = len(tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"])
    assert [draft.prompt_tokens for draft in drafts] == [expected] * 2  # what a local chat reads, token for token
    assert all(draft.n_tokens > 0 and "im_start" not in draft.text for draft in drafts)
    assert ledger.settled[0].prompt == 3 * expected
