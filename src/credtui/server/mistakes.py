"""What is probably wrong with a request that is nearly right, for the client's developer.

These functions look at the request alone, so what they say can't tell whether a client exists. They
never repeat what was sent, which may be a secret.
"""

import re

from credtui.domain.secrets import is_client_id, recognise

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

_FIRST_PARAMETER = re.compile(rb"\w+=")

_STRAY = {
    "a line end": r"[\r\n]|\\[rn]",
    "a quotation mark": "[\"'`\u2018-\u201f]",
    "a bracket": r"[<>\[\]{}()]",
    "a blank": "[\\s\ufeff\u200b]",
}
"""What gets into a Client ID or a secret when it is copied or quoted. Neither ever holds it."""

_ANY_STRAY = re.compile("|".join(_STRAY.values()))


def mistake_in_kind(body: bytes, kind: str) -> str | None:
    """Return what is wrong if a body looks like another kind than Content-Type says."""
    start = body.lstrip(b"\xef\xbb\xbf\r\n\t ")
    if kind != JSON and start.startswith((b"{", b"%7B", b"%7b")):
        return f"The body looks like JSON: send Content-Type: {JSON}."
    if kind != FORM and _FIRST_PARAMETER.match(start):
        return f"The body looks like a form: send Content-Type: {FORM}."
    if kind == "multipart/form-data":
        return f"The body must be {FORM} or {JSON}, not multipart/form-data."
    if kind not in (FORM, JSON):
        return f"The body must be {FORM} or {JSON}."
    return None


def mistake_in_credentials(client_id: str, secret: str) -> str | None:
    """Return what is wrong if a refused Client ID or secret can't be one as it was sent."""
    bare_id, bare_secret = _ANY_STRAY.sub("", client_id), _ANY_STRAY.sub("", secret)
    if bare_id.startswith("csk_"):
        if is_client_id(bare_secret):
            return "The Client ID and the secret are swapped."
        return "A secret stands in place of the Client ID, which begins with cid_."
    if is_client_id(bare_secret):
        return "A Client ID stands in place of the secret, which begins with csk_."
    if bare_secret != secret and recognise(bare_secret) is not None:
        return _stray("secret", secret)
    if bare_id != client_id and is_client_id(bare_id):
        return _stray("Client ID", client_id)
    return None


def _stray(name: str, sent: str) -> str:
    found = next(what for what, pattern in _STRAY.items() if re.search(pattern, sent))
    return f"The {name} has {found} in it or around it. Send the {name} alone."
