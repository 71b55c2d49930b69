"""What a bot was sent is compared: a leak of every kind is told, and noise is not."""

from dataclasses import replace

import pytest

from studyapp.domain.blinding_audit import Exchange, Sent, audit_exchanges, audit_walk, audit_words, find_difference

PAGE = Sent(
    place=("GET item", 1, 1), source="human", arm="small", url="200 /s/x/item/~/", headers=("vary: Cookie",),
    cookies=(), body="<main class='wide'>the same</main>", size=40,
)  # fmt: skip


def exchange(**model):
    sent = [PAGE, replace(PAGE, source="model", **model)] * 3
    return Exchange(trial="t", sent=tuple(sent))


def tell(findings):
    return {finding.topic for finding in findings if finding.level == "refuse"}


@pytest.mark.parametrize(
    ("leak", "topic"),
    [
        ({"headers": ("vary: Cookie", "x-cache: hit")}, "Headers"),
        ({"headers": ("vary: Accept",)}, "Headers"),
        ({"cookies": ("seen=1",)}, "Cookies"),
        ({"body": "<main class='wide '>the same</main>"}, "Pages"),
        ({"body": "<main class='wise'>the same</main>"}, "Pages"),
        ({"size": 41}, "Sizes"),
        ({"url": "302 /s/x/item/~/"}, "Addresses"),
    ],
)
def test_what_changes_with_the_source_is_told(leak, topic):
    assert tell(audit_exchanges([exchange(), exchange(**leak)])) == {topic}


def test_pages_that_are_the_same_pass():
    assert tell(audit_exchanges([exchange()] * 3)) == set()


@pytest.mark.parametrize(
    ("human", "model", "told"),
    [
        (["a 1 b"] * 2, ["a 2 b"] * 2, True),
        (["a 1 b", "a 2 b"], ["a 3 b", "a 4 b"], False),  # a clock: it is never twice the same
        (["a 1 b", "a 2 b"], ["c 3 b", "c 4 b"], True),  # … and a leak beside it
        (["a", "a b"], ["a", "a c"], False),
        (["a", "a"], ["a more", "a more"], True),
        ([], ["a"], False),
    ],
)
def test_only_what_is_at_every_fetch_of_a_source_is_its_mark(human, model, told):
    assert bool(find_difference(human, model)) == told


def deal(*, source=lambda sent: {}, arm=lambda sent: {}):
    """Pages of four participants at four positions."""
    sent = []
    for number in range(4):
        for position in range(1, 5):
            one = replace(
                PAGE,
                place=("GET item", position, 1),
                source=("human", "model")[(number + position) % 2],
                arm=("small", "large")[number // 2],
                body=f"<p>{position} of 4, {number} minutes</p>",
            )
            sent.append(replace(one, **source(one), **arm(one)))
    return sent


def test_numbers_that_come_with_the_place_are_no_leak():
    assert {finding.level for finding in audit_walk(deal())} == {"pass"}


def test_an_address_that_goes_with_the_source_and_a_page_that_goes_with_the_arm_are_told():
    leaky = deal(source=lambda sent: {"url": "200 /m/"} if sent.source == "model" else {})
    assert tell(audit_walk(leaky)) == {"Addresses"}
    of_arms = deal(arm=lambda sent: {"body": "<p class='c'>"} if sent.arm == "large" else {})
    assert tell(audit_walk(of_arms)) == {"Pages"}


def test_a_difference_that_goes_with_neither_is_only_minded():
    sent = deal()
    sent[0] = replace(sent[0], body="<p>another</p>")
    (finding,) = [finding for finding in audit_walk(sent) if finding.level != "pass"]
    assert (finding.level, finding.topic) == ("warn", "Pages")


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ("<p data-x='large'>", "refuse"),
        ("<p>by Small GPT</p>", "refuse"),
        ("<large>", "pass"),  # the page's own tag
        ("<p>c0ffee01</p>", "refuse"),
        ("<p>enlarged</p>", "pass"),
    ],
)
def test_a_word_that_names_an_arm_or_a_text_is_told(body, level):
    sent = deal(arm=lambda sent: {"body": body} if sent.arm == "large" else {})
    names = {"small": ["small", "Tiny"], "large": ["large", "Small GPT"]}
    assert {finding.level for finding in audit_words(sent, names=names, secrets=["c0ffee01"])} == {level}


def test_a_word_of_every_page_tells_no_arm_and_of_a_single_arm_nobody_knows():
    sent = [replace(page, body="<p>large</p>") for page in deal()]
    names = {"small": ["small"], "large": ["large"]}
    assert {finding.level for finding in audit_words(sent, names=names, secrets=[])} == {"pass"}
    one = [page for page in sent if page.arm == "large"]
    assert {finding.level for finding in audit_words(one, names={"large": ["large"]}, secrets=[])} == {"warn"}
