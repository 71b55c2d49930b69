import pytest

from studyapp.recruitment.links import check_host, check_link, fill_link, is_allowed, is_placeholder

HOSTS = ("panel.example.com", "*.sona-systems.com")
DEAD = "app.prolific." + "co"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://panel.example.com/end?x=1#y", True),
        ("https://PANEL.example.com/", True),
        ("https://panel.example.com:443/", True),
        ("https://lab.sona-systems.com/", True),
        ("https://sona-systems.com/", False),
        ("https://evilsona-systems.com/", False),
        ("https://panel.example.com.evil.example/", False),
        ("https://panel.example.com@evil.example/", False),
        ("https://user@panel.example.com/", False),
        ("https://evil.example\\@panel.example.com/", False),
        ("https://panel.example.com:8443/", False),
        ("https://panel.example.com:port/", False),
        ("http://panel.example.com/", False),
        ("//panel.example.com/", False),
        ("javascript:alert(1)//panel.example.com", False),
        ("", False),
    ],
)
def test_participants_go_to_allowed_hosts_by_https_and_nowhere_else(url, allowed):
    assert is_allowed(url, HOSTS) is allowed


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("http://panel.example.com/", "must begin with https://"),
        ("https://elsewhere.example.com/", "leads to elsewhere.example.com; allowed are panel.example.com"),
        ("https://{id}.example.com/", "leads to"),
        (f"https://{DEAD}/submissions/complete?cc=C1", "dead; write app.prolific.com"),
        ("https://panel.example.com/?x={name}", r"nothing fills \{name\}; its places can be \{id\}"),
    ],
)
def test_a_link_that_cannot_be_is_refused_with_what_to_write(template, fault):
    with pytest.raises(ValueError, match=fault):
        check_link(template, hosts=HOSTS, places=("id",))


def test_a_value_can_add_nothing_to_a_link_but_itself():
    link = check_link("https://panel.example.com/end?rid={id}&s=1", hosts=HOSTS, places=("id",))
    filled = fill_link(link, {"id": "x&s=9#@evil.example/../{id}"})
    assert filled == "https://panel.example.com/end?rid=x%26s%3D9%23%40evil.example%2F..%2F%7Bid%7D&s=1"


@pytest.mark.parametrize("host", ["https://a.example", "*.com", "*", "a", "a.example/x", "A.example", "a.example:1"])
def test_what_is_no_name_of_a_host_is_said(host):
    with pytest.raises(ValueError, match="no name of a host"):
        check_host(host)


@pytest.mark.parametrize("value", ["{{%PROLIFIC_PID%}}", "%SURVEY_CODE%", "${e://x}", "[RID]", "[%RID%]", "{id}"])
def test_what_a_platform_would_have_replaced_is_a_placeholder(value):
    assert is_placeholder(value)
    assert not is_placeholder(value.strip("{}%$[]"))
