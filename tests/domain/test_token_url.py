"""The address at which clients request access tokens."""

import pytest

from credtui.domain.token_url import issuer_of, prefix_of, why_not_token_url


@pytest.mark.parametrize(
    ("url", "issuer", "prefix"),
    [
        ("http://127.0.0.1:8000/v2/oauth/token", "http://127.0.0.1:8000", ""),
        ("https://h/oauth/token", "https://h", ""),
        ("https://h/payments/v2/oauth/token", "https://h/payments", "/payments"),
        ("https://h/payments/oauth/token", "https://h/payments", "/payments"),
        ("https://h:8443/a/b/v2/oauth/token", "https://h:8443/a/b", "/a/b"),
        (
            "https://[2001:db8::1]:8443/a%20b/oauth/token",
            "https://[2001:db8::1]:8443/a%20b",
            "/a%20b",
        ),
        ("https://h/v2/v2/oauth/token", "https://h/v2", "/v2"),
        # A proxy maps these to credtui's own.
        ("https://h/token", "https://h", ""),
        ("https://h/payments/token", "https://h", ""),
        ("https://h/xoauth/token", "https://h", ""),
        ("https://h/v2/oauth/token/", "https://h", ""),
        ("https://h", "https://h", ""),
    ],
)
def test_what_follows_from_it(url: str, issuer: str, prefix: str) -> None:
    assert why_not_token_url(url) is None
    assert (issuer_of(url), prefix_of(url)) == (issuer, prefix)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        *((url, "begins with") for url in ("", "h", "ftp://h/", "//h/", "https:/h", "file:///x")),
        *((url, "begins with") for url in (" https://h/", "HTTPS://h/", "\nhttp://h/")),
        ("https://user:pass@h/oauth/token", "no user name and no password"),
        ("https://user@h/oauth/token", "no user name and no password"),
        ("https://@h/oauth/token", "no user name and no password"),
        ("https://us er:pass@h?x#y", "no user name and no password"),
        ("https://user:pa@ss@h/", "no user name and no password"),
        ("https://h/oauth/token?tenant=pass", "no query and no fragment"),
        ("https://h/oauth/token?", "no query and no fragment"),
        ("https://h/oauth/token#pass", "no query and no fragment"),
        ("https://h#", "no query and no fragment"),
        *((url, "name a host") for url in ("https://", "https:///oauth/token", "https://:443/")),
        *((url, "name a host") for url in ("https://[::1/", "https://::1/", "http://a:1:2/")),
        ("https://[:::]/", "name a host"),
        ("https://user:pa/ss@h/", "name a host"),
        *((f"https://h:{port}/", "a port from 1 to 65535") for port in ("0", "65536", "9" * 30)),
        *((f"https://h/{odd}", "characters") for odd in ("a b", "\x1b[31m", "ä", "{a}", '"', "\\")),
        ("https://h\\x/", "characters"),
        ("https://bücher.example/", "characters"),
        ("https://h/\n", "characters"),
    ],
)
def test_what_is_refused(url: str, reason: str) -> None:
    said = why_not_token_url(url)
    assert said is not None
    assert reason in said
    assert "pass" not in said.replace("password", "")


@pytest.mark.parametrize("url", ["https://h:/oauth/token", "https://h:1/", "https://h:65535/@t/"])
def test_what_is_unusual_but_right(url: str) -> None:
    assert why_not_token_url(url) is None
