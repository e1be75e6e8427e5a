"""A provider as a user states it, looked at: what is left is a configuration, and where its key is to come from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from sidecar import keys
from sidecar.control import names
from sidecar.errors import InvalidParameter, KeyMissing, NotAllowed
from sidecar.providers.endpoint import guess_base, normalise, points_here
from sidecar.providers.types import row
from sidecar.values import Auth, ProviderConfig, Timeouts

if TYPE_CHECKING:
    from sidecar.control.drafts import ProviderChanges, ProviderDraft

Headers = tuple[tuple[str, str], ...]

_LONGEST_KEY = 8192
_MOST_HEADERS = 50
_LONGEST_WAIT = 86_400.0
# RFC 9110, section 5.6.2.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
# RFC 9110, section 7.6.1, and those that say how this very message is framed.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_CREDENTIAL = re.compile(r"auth|key|token|secret|cookie|password|credential", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Form:
    """`config` with `key` as it will be but for a new `secret`, which is stored once the provider has taken it."""

    config: ProviderConfig
    secret: str | None
    by_hand: tuple[str, ...] | None
    offline: bool


def of_draft(draft: ProviderDraft, port: int) -> Form:
    """The form of a new provider.

    Raises:
        InvalidParameter: one of its values cannot be.
        KeyMissing: its type needs a key and none is given.
    """
    facts = row(draft.type)
    endpoint = _endpoint(draft.type, draft.endpoint, port)
    headers = _headers(draft.headers, ())
    secret, ref = _key(draft.api_key, draft.api_key_env)
    given = bool(secret or ref)
    auth = _auth(draft.auth, given=given) or (
        facts.auth if _belongs(draft.type, endpoint) and not _has_credential(headers) else "none"
    )
    if auth == "api_key" and not given and not draft.offline:
        raise KeyMissing(_wanted(draft.name, facts.label))
    config = ProviderConfig(
        id=0,
        name=names.provider(draft.name),
        type=facts.type,
        endpoint=endpoint,
        base=guess_base(facts.type, endpoint),
        description=names.line(draft.description, "description"),
        auth=auth,
        key=ref,
        headers=headers,
        timeouts=_timeouts(draft.timeouts, Timeouts()),
    )
    return Form(config, secret, names.models(draft.models), draft.offline)


def of_changes(old: ProviderConfig, changes: ProviderChanges, port: int) -> Form:
    """The form of a provider after changes.

    Raises:
        InvalidParameter: one of the values cannot be.
        KeyMissing: it needs a key, has none, and none is given.
        NotAllowed: its endpoint is on another host or port, and the key for that is not given.
    """
    type_ = old.type if changes.type is None else row(changes.type).type
    endpoint = _changed_endpoint(old, type_, changes.endpoint, port)
    moved = _origin(endpoint) != _origin(old.endpoint)
    secret, ref = _key(changes.api_key, changes.api_key_env)
    given = bool(secret or ref)
    auth = _auth(changes.auth, given=given) or old.auth
    if auth == "api_key" and not given:
        ref = _kept_key(old, moved=moved, offline=changes.offline)
    if moved and changes.headers is None and _has_credential(old.headers):
        raise NotAllowed(_unasked(old.name, "its headers hold a key; give the headers again"))
    config = msgspec.structs.replace(
        old,
        name=old.name if changes.new_name is None else names.provider(changes.new_name, "newName"),
        type=type_,
        endpoint=endpoint,
        base=guess_base(type_, endpoint) if (type_, endpoint) != (old.type, old.endpoint) else old.base,
        description=old.description if changes.description is None else names.line(changes.description, "description"),
        auth=auth,
        key=ref,
        headers=old.headers if changes.headers is None else _headers(changes.headers, () if moved else old.headers),
        timeouts=old.timeouts if changes.timeouts is None else _timeouts(changes.timeouts, old.timeouts),
    )
    return Form(config, secret, None if changes.models is None else names.models(changes.models), changes.offline)


def _endpoint(type_: str, text: str | None, port: int) -> str:
    endpoint = normalise(type_, text or "")
    if port and endpoint and points_here(endpoint, port):
        raise InvalidParameter("endpoint", "That is this mux itself; give the address of the provider behind it.")
    return endpoint


def _changed_endpoint(old: ProviderConfig, type_: str, text: str | None, port: int) -> str:
    if text is not None:
        return _endpoint(type_, text, port)
    if type_ != old.type and _belongs(old.type, old.endpoint):
        return _endpoint(type_, None, port)
    return _endpoint(type_, old.endpoint, port) if type_ != old.type else old.endpoint


def _belongs(type_: str, endpoint: str) -> bool:
    """Whether this is the type's own server, not a compatible one, which often wants no key."""
    return _origin(endpoint) == _origin(normalise(type_, ""))


def _origin(endpoint: str) -> tuple[str, str, int | None]:
    parts = urlsplit(endpoint)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _key(secret: str | None, variable: str | None) -> tuple[str | None, str | None]:
    """The secret, or the reference to a variable, or neither; a blank one is none."""
    secret, variable = (secret or "").strip(), (variable or "").strip()
    if secret and variable:
        raise InvalidParameter("apiKeyEnv", "Give either the key or the variable that holds it, not both.")
    if len(secret) > _LONGEST_KEY or any(not "!" <= each <= "~" for each in secret):
        raise InvalidParameter("apiKey", "The key holds a blank or a letter that no key has; copy it again.")
    return secret or None, keys.variable(variable) if variable else None


def _auth(auth: Auth | None, *, given: bool) -> Auth | None:
    if auth not in (None, "none", "api_key"):
        raise InvalidParameter("auth", f"{auth!r} is no way to authenticate; use none or api_key.")
    if auth == "none" and given:
        raise InvalidParameter("auth", "A key is given, but auth is none; leave one of them out.")
    return "api_key" if given else auth


def _kept_key(old: ProviderConfig, *, moved: bool, offline: bool) -> str | None:
    if old.key is None:
        if not offline:
            raise KeyMissing(_wanted(old.name, old.name))
        return None
    if moved:
        raise NotAllowed(_unasked(old.name, "give the key for the new endpoint with `apiKey` or `apiKeyEnv`"))
    return old.key


def _wanted(name: str, label: str) -> str:
    return (
        f"{label} wants a key and none is given; give it with `apiKeyEnv` or `apiKey`, "
        f"or add {names.provider(name)} without one with `offline`."
    )


def _unasked(name: str, what: str) -> str:
    return f"The endpoint of {name} would be on another host or port, and a key never goes there unasked; {what}."


def _headers(given: Headers, old: Headers) -> Headers:
    """The headers; a blank value keeps that of the former header of the same name."""
    if len(given) > _MOST_HEADERS:
        raise InvalidParameter("headers", f"At most {_MOST_HEADERS} headers can be given.")
    if len({name.lower() for name, _ in given}) < len(given):
        raise InvalidParameter("headers", "A header is given twice; keep one of them.")
    former = {name.lower(): value for name, value in old}
    return tuple(
        (_header_name(name), _header_value(name, value.strip() or former.get(name.lower(), "")))
        for name, value in given
    )


def _header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise InvalidParameter("headers", "A header's name is letters, digits and dashes, such as X-Title.")
    if name.lower() in _HOP_BY_HOP or name.lower().startswith("proxy-"):
        raise InvalidParameter(
            "headers", f"The header {name} belongs to the connection and cannot be set; leave it out."
        )
    return name


def _header_value(name: str, value: str) -> str:
    if not value:
        raise InvalidParameter("headers", f"The header {name} has no value; give one, or leave it out.")
    if value.startswith(keys.ENV):
        return keys.variable(value.removeprefix(keys.ENV), "headers")
    if len(value) > _LONGEST_KEY or any(not (each == "\t" or " " <= each <= "~") for each in value):
        raise InvalidParameter("headers", f"The value of the header {name} holds a character that no header can carry.")
    return value


def _has_credential(headers: Headers) -> bool:
    return any(_CREDENTIAL.search(name) for name, _ in headers)


def _timeouts(given: Timeouts | None, old: Timeouts) -> Timeouts:
    if given is None:
        return old
    for seconds in (given.connect, given.first_byte, given.idle):
        if seconds is not None and not 0 < seconds <= _LONGEST_WAIT:
            raise InvalidParameter("timeouts", f"A timeout is more than 0 and at most {_LONGEST_WAIT:.0f} seconds.")
    if given == Timeouts():
        return given
    return Timeouts(
        connect=old.connect if given.connect is None else given.connect,
        first_byte=old.first_byte if given.first_byte is None else given.first_byte,
        idle=old.idle if given.idle is None else given.idle,
    )
