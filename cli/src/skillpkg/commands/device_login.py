"""The device's side of RFC 8628: show a code, ask until a person has approved it elsewhere."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence

from skillpkg.canonical_json import JsonObject
from skillpkg.client.api import Api, text_of
from skillpkg.errors import NotAllowed
from skillpkg.output import Output, clean

wait = time.sleep
_SAID = {
    "access_denied": "The login was refused.",
    "expired_token": "The code was not approved in time.",
}


def wait_for_token(api: Api, out: Output, client: str, scopes: Sequence[str]) -> JsonObject:
    """Show the code, then wait; return the registry's answer with the token.

    Raises:
        NotAllowed: refused, or not approved in time.
    """
    begun = api.device_code(client, scopes)
    _show(out, begun)
    pause, left = _seconds(begun, "interval", 5), _seconds(begun, "expires_in", 900)
    while left > 0:
        wait(pause)
        left -= pause
        answer = api.device_token(text_of(begun, "device_code"))
        error = str(answer.get("error", ""))
        if not error:
            return answer
        if error not in ("authorization_pending", "slow_down"):
            raise _refused(error, answer)
        pause += 5 if error == "slow_down" else 0
    raise _refused("expired_token", {})


def _show(out: Output, begun: JsonObject) -> None:
    """Tell the person where to go, on stderr: the result alone belongs on stdout."""
    place, code = text_of(begun, "verification_uri"), text_of(begun, "user_code")
    if out.as_json:
        said = {"device": {"verification_uri": place, "user_code": code}}
        sys.stderr.write(json.dumps(said) + "\n")
    else:
        sys.stderr.write(f"Open {clean(place)} in a browser and enter {clean(code)}\n")
    sys.stderr.flush()


def _seconds(begun: JsonObject, key: str, otherwise: int) -> int:
    value = begun.get(key)
    return min(value, 3600) if isinstance(value, int) and value > 0 else otherwise


def _refused(error: str, answer: JsonObject) -> NotAllowed:
    said = _SAID.get(error, "The registry gives no token.")
    why = str(answer.get("detail", ""))
    return NotAllowed(said, why=why, fix="Begin again: skillpkg login --device")
