"""Git URLs made to do harm: each refused in words that show no secret, or understood as what they are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.errors import ActionRefused
from datatorch_pipelines.model.reference import hide_credentials
from datatorch_pipelines.resolvers.urls import SCHEMES, GitUrl, parse_git_url

SECRET = "s3cr3t"
HELPER = "a git URL that names a helper program or an option is refused"
CONTROL = "a git URL holds a space or a control character"
DOTS = "the path of a git URL has a '..'"
FORM = "a git URL with the scheme {} has a host or port of the wrong form"

REFUSED = {
    "": "the git URL is empty",
    "https://example.org/" + "a" * 2000: "a git URL is longer than 2000 characters",
    "ext::sh -c touch% /tmp/x": CONTROL,
    "ext::sh": HELPER,
    "EXT::sh": HELPER,
    "fd::17/foo": HELPER,
    "fd::17": HELPER,
    "transport::https://example.org/a": HELPER,
    "--upload-pack=touch": HELPER,
    "-oProxyCommand=touch": HELPER,
    "-": HELPER,
    "ssh://-oProxyCommand=x/y": "the host '-oproxycommand=x' of a git URL is no host name",
    "ssh://git@-oProxyCommand=x/y": "the host '-oproxycommand=x' of a git URL is no host name",
    "ssh://-oProxyCommand=x@example.org/y": "the user of a git URL begins with '-'",
    "ssh://example.org/-x": None,
    "ssh://example.org/~/-x": "the path of a git URL begins with '-'",
    "git@example.org:-x": "the path of a git URL begins with '-'",
    "git@example.org:~/-x": "the path of a git URL begins with '-'",
    "git@-oProxyCommand=x:y": "the host '-oproxycommand=x' of a git URL is no host name",
    "-oProxyCommand=x@example.org:y": HELPER,
    "ssh://$(id)@example.org/a": "the user of an ssh URL holds a character that means something to a shell",
    "ssh://%60id%60@example.org/a": "the user of an ssh URL holds a character that means something to a shell",
    "ssh://$(id)/a": "the host '$(id)' of a git URL is no host name",
    "git@`id`:a": "the host '`id`' of a git URL is no host name",
    f"ssh://me:{SECRET}@example.org/a": "an ssh URL holds a password",
    "https://example.org/a\nb": CONTROL,
    "https://example.org/a\rb": CONTROL,
    "https://example.org/a\tb": CONTROL,
    "https://example.org/a\0b": CONTROL,
    "https://example.org/a\x1b[2Jb": CONTROL,
    "https://example.org/a\x7fb": CONTROL,
    "https://example.org/a\x85b": CONTROL,
    "https://example.org/a\u2028b": CONTROL,
    "https://example.org/a\u202eb": CONTROL,
    "https://example.org/a\u200bb": CONTROL,
    "https://example.org/a\ud800b": CONTROL,
    "https://example.org/a\xa0b": CONTROL,
    "\nhttps://example.org/a": CONTROL,
    "https://example.org/a\n": CONTROL,
    "https://example.org/a%0Ab": "the path of a git URL holds a control character",
    "https://example.org/a%00b": "the path of a git URL holds a control character",
    "git://example.org/a%0d%0aHost:x": "the path of a git URL holds a control character",
    "file:///srv/a%00b": "the path of a git URL holds a control character",
    "https://us%0aer@example.org/a": "the user or password of a git URL holds a control character",
    f"https://me:{SECRET}%0a@example.org/a": "the user or password of a git URL holds a control character",
    "https://example.org/a%3a%3ab": "the path of a git URL holds '::', which names a helper program",
    "https://example.org/a[::1]b": "the path of a git URL holds '::', which names a helper program",
    "git@example.org:[::": "the path of a git URL holds '::', which names a helper program",
    "https://example.org/../../x": DOTS,
    "https://example.org/a/..": DOTS,
    "https://example.org/%2e%2e/x": DOTS,
    "https://example.org/%2E./x": DOTS,
    "https://example.org/%2e%2e%2fx": DOTS,
    "https://example.org/a%2f..%2f..%2fx": DOTS,
    "git://example.org/a/../../x": DOTS,
    "ssh://example.org/a/../../x": DOTS,
    "git@example.org:../x": DOTS,
    "git@example.org:a/../../x": DOTS,
    "file:///srv/../etc": DOTS,
    "file:///srv/%2e%2e/etc": DOTS,
    "https://example.org/a\\..\\b": "a git URL holds a backslash",
    "https://example.org/a%5c..%5cb": "the path of a git URL holds a backslash",
    f"https://me:{SECRET}\\@example.org/a": "a git URL holds a backslash",
    "https://evil.example\\@example.org/a": "a git URL holds a backslash",
    "C:\\a": "a git URL holds a backslash",
    "\\\\server\\share": "a git URL holds a backslash",
    "C:/a": "a git URL has no scheme",
    "c:a": "a git URL has no scheme",
    "git@c:a": "a git URL has no scheme",
    "/srv/a.git": "a git URL has no scheme",
    "../a": "a git URL has no scheme",
    "$(id)": "a git URL has no scheme",
    "://example.org/a": "a git URL has no scheme",
    "h\u0442tps://example.org/a": "a git URL has no scheme",
    f"me:{SECRET}@https://example.org/a": "a git URL has no scheme",
    f"me:{SECRET}@example.org:a": "a git URL has a ':' before its '@'",
    "ftp://example.org/a": "git URLs that begin with 'ftp' are refused",
    "git+ssh://example.org/a": "git URLs that begin with 'git+ssh' are refused",
    "javascript://example.org/a": "git URLs that begin with 'javascript' are refused",
    "https:///a": "the host '' of a git URL is no host name",
    "https://example.org": "a git URL has no path",
    "https://example.org/": "a git URL has no path",
    "https://example.org//": "a git URL has no path",
    f"http://host:pass@{SECRET}@evil/": "a git URL with the scheme http has more than one '@' before its path",
    f"https://me:{SECRET}@example.org@evil/x": "a git URL with the scheme https has more than one '@' before its path",
    f"https://me:{SECRET}@/a": "the host '' of a git URL is no host name",
    f"https://me:{SECRET}%40example.org/a": FORM.format("https"),
    f"https://{SECRET}%40example.org/a": "the host of a git URL holds a '%'",
    f"https://me:{SECRET}/a@example.org/a": FORM.format("https"),
    f"https://me:{SECRET}#a@example.org/a": FORM.format("https"),
    f"https://{SECRET}?a@example.org/a": "a git URL with the scheme https has a '?' or '#', which no git server takes",
    f"https://example.org/a?{SECRET}": "a git URL with the scheme https has a '?' or '#', which no git server takes",
    f"https://me:{SECRET}@exam\u2100ple.org/a": FORM.format("https"),
    f"https://me:{SECRET}%ff@example.org/a": "the password of a git URL is no UTF-8",
    f"https://{SECRET}%ff@example.org/a": "the user of a git URL is no UTF-8",
    "file:///srv/%ff": "the path of a git URL is no UTF-8",
    "https://g\u0456thub.com/me/a": r"the host 'g\u0456thub.com' of a git URL is not in ASCII",
    "https://b\u00fccher.example/a": r"the host 'b\xfccher.example' of a git URL is not in ASCII",
    "git@g\u0456thub.com:me/a": r"the host 'g\u0456thub.com' of a git URL is not in ASCII",
    "https://[fe80::1%25eth0]/a": "the host of a git URL holds a '%'",
    "https://[::1/a": FORM.format("https"),
    "https://[1:2]/a": FORM.format("https"),
    "https://[v1.x]/a": None,
    "git@[::g]:a": "a git URL has no scheme",
    "git@[1:2]:a": "the host '1:2' of a git URL is no host name",
    "https://example.org:0/a": FORM.format("https"),
    "https://example.org:99999/a": FORM.format("https"),
    "https://example.org:-1/a": FORM.format("https"),
    "https://example.org:8\uff10/a": FORM.format("https"),
    "https://exa_mple..org-/a": "the host 'exa_mple..org-' of a git URL is no host name",
    "https://" + "a" * 254 + "/a": f"the host '{'a' * 77}...' of a git URL is no host name",
    "file://host/a": "a file URL names a host",
    "file://localhost:22/a": "a file URL names a host",
    f"file://me:{SECRET}@localhost/a": "a file URL names a host",
    "file://a": "a git URL has no path",
}


@pytest.mark.parametrize("text", [text for text, said in REFUSED.items() if said])
def test_a_url_that_is_not_allowed_is_refused_and_shows_no_secret(text: str) -> None:
    with pytest.raises(ActionRefused) as caught:
        parse_git_url(text)
    assert caught.value.message == REFUSED[text]
    assert caught.value.hint
    assert SECRET not in str(caught.value)
    # Not in the errors behind it either, not even in one that a traceback leaves out.
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize(
    ("text", "shown", "path"),
    [
        ("file:///etc", "file:///etc", "/etc"),
        (f"https://github.com:{SECRET}@evil.example/x", "https://evil.example/x", "/x"),
        ("https://github.com@evil.example/x", "https://evil.example/x", "/x"),
        (f"https://me:{SECRET}%40%2f%3a@example.org/a", "https://example.org/a", "/a"),
        ("https://example.org/%252e%252e%252fx", "https://example.org/%252e%252e%252fx", "/%252e%252e%252fx"),
        ("file:///srv/%252e%252e", "file:///srv/%252e%252e", "/srv/%2e%2e"),
        ("https://example.org/$(id)", "https://example.org/$(id)", "/$(id)"),
        ("ssh://example.org/-x", "ssh://example.org/-x", "/-x"),
        ("https://example.org/é", "https://example.org/%C3%A9", "/%C3%A9"),
        ("file:///srv/é%23%3F", "file:///srv/%C3%A9%23%3F", "/srv/é#?"),
        ("git@example.org:a%20b?c", "ssh://example.org/~/a%2520b%3Fc", "a%20b?c"),
        ("git@[::1]:a", "ssh://[::1]/~/a", "a"),
        ("https://xn--gthub-n4a.com/a", "https://xn--gthub-n4a.com/a", "/a"),
    ],
)
def test_a_url_that_only_looks_strange_is_understood(text: str, shown: str, path: str) -> None:
    url = parse_git_url(text)
    assert (str(url), url.path) == (shown, path)
    assert SECRET not in repr(url) + str(url) + url.origin + url.identity


ODD_CHARACTERS = "abZ09:/@%.~-_ \\?#[]&;|$`'\"*(){}<>!+=,\0\n\r\t\x1b\x7f\x85é\u202e\u0456\ud800"
PARTS = st.one_of(
    st.sampled_from(ODD_CHARACTERS),
    st.sampled_from(["..", "::", "//", "%2e", "%00", "%0a", "%2f", "%5c", "%ff", "%40", "host:path", "localhost"]),
    st.sampled_from(["https://", "http://", "ssh://", "git://", "file://", "ext::", "example.org", "-oProxyCommand=x"]),
    st.sampled_from(["[::1]", ":22", ":0", ":99999", "user", "git@"]),
)
ANY_URL = st.lists(PARTS, max_size=14).map("".join) | st.text(max_size=60)
LIKELY_URL = st.builds(
    "{}://{}{}{}/{}".format,
    st.sampled_from(SCHEMES),
    st.sampled_from(["", "me@", "me:pw@", "%41:%42@", "a b@", "-x@"]),
    st.sampled_from(["", "example.org", "Example.ORG.", "localhost", "[::1]", "-x", "1.2.3.4", "exa_mple"]),
    st.sampled_from(["", ":22", ":65535"]),
    st.lists(PARTS, max_size=2).map("".join) | st.text("ab:/~.%5é-", max_size=9),
)
LIKELY_SCP = st.builds(
    "{}{}:{}".format,
    st.sampled_from(["", "git@", "a.b@", "$x@"]),
    st.sampled_from(["example.org", "[::1]", "host", "-x"]),
    st.lists(PARTS, max_size=2).map("".join) | st.text("ab:/~.%5é-?#", max_size=9),
)


def parsed(text: str) -> GitUrl | str:
    """What a text is parsed to, or the text of the refusal; any other error fails the test."""
    try:
        return parse_git_url(text)
    except ActionRefused as error:
        return str(error)


@given(ANY_URL | LIKELY_URL | LIKELY_SCP)
def test_a_refusal_is_one_line_that_a_terminal_can_show(text: str) -> None:
    url = parsed(text)
    assert isinstance(url, GitUrl) or url.isprintable()


@given(ANY_URL | LIKELY_URL | LIKELY_SCP)
def test_what_is_accepted_holds_nothing_that_a_program_could_take_for_something_else(text: str) -> None:
    url = parsed(text)
    if isinstance(url, str):
        return
    assert url.scheme in SCHEMES
    assert "::" not in url.path
    assert not url.host.startswith("-")
    assert not (url.username or "").startswith("-")
    assert not url.path.startswith("-")
    assert ".." not in url.path.split("/")
    for part in (url.host, url.path, url.username or "", url.password or "", str(url), repr(url)):
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", part)
    assert str(url).isascii()
    assert url.port is None or 0 < url.port < 65536
    assert (url.host == "") == (url.scheme == "file")


@given(ANY_URL | LIKELY_URL | LIKELY_SCP)
def test_what_is_shown_of_a_url_leads_to_the_same_place(text: str) -> None:
    url = parsed(text)
    if isinstance(url, str):
        return
    again = parse_git_url(str(url))
    assert (again.scheme, again.host, again.port, again.path) == (url.scheme, url.host, url.port, url.path)
    assert str(again) == str(url)
    assert (again.username, again.password) == (None, None)


@given(ANY_URL, st.sampled_from(["https://me:{}@{}", "https://{}@{}", "me:{}@{}", "ssh://me:{}@{}", "http://me:{}@{}"]))
def test_no_text_about_a_url_shows_its_password(text: str, form: str) -> None:
    whole = form.format(SECRET, text)
    assert SECRET not in hide_credentials(whole)
    url = parsed(whole)
    shown = url if isinstance(url, str) else str(url) + repr(url) + url.origin + url.identity
    assert SECRET not in shown
