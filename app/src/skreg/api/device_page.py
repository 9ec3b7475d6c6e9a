"""The page on which a person approves a device: plain HTML, no script, nothing from elsewhere."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

from skreg.db.queries.devices import Waiting

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}
_STYLE = (
    "body{font:1rem/1.5 system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem}"
    "label,input,button{display:block;margin:.5rem 0;font:inherit}"
    "code{font-size:1.5rem}button{display:inline-block;margin-right:1rem}"
)
_NAMES = (
    '<label>Username <input name="username" autocomplete="username" required></label>'
    '<label>Password <input name="password" type="password" '
    'autocomplete="current-password" required></label>'
)


def _page(body: str, status: int = 200) -> HTMLResponse:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Log a device in</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>Log a device in</h1>{body}</main></body></html>"
    )
    return HTMLResponse(text, status, _HEADERS)


def asking(mistake: str = "", status: int = 200) -> HTMLResponse:
    """Return the page that asks for the code; ``mistake`` says what was wrong before."""
    said = f'<p role="alert">{escape(mistake)}</p>' if mistake else ""
    return _page(
        f'{said}<form method="get" action="/device"><label>Code your device shows '
        '<input name="user_code" autocomplete="off" autofocus required></label>'
        "<button>Continue</button></form>",
        status,
    )


def login(waiting: Waiting, *, has_provider: bool, mistake: str = "") -> HTMLResponse:
    """Return the page that shows what waits and asks who approves it."""
    said = f'<p role="alert">{escape(mistake)}</p>' if mistake else ""
    code = escape(waiting.user_code)
    provider = (
        f'<p><a href="/v1/auth/oidc/start?user_code={code}">Log in with single sign-on</a></p>'
        if has_provider
        else ""
    )
    form = _form(code, _NAMES)
    return _page(_facts(waiting) + said + form + provider, 401 if mistake else 200)


def decision(waiting: Waiting, username: str, session: str) -> HTMLResponse:
    """Return the page for somebody who has just logged in at the provider."""
    hidden = f'<input type="hidden" name="session" value="{escape(session)}">'
    who = f"<p>You are {escape(username)}.</p>"
    return _page(_facts(waiting) + who + _form(escape(waiting.user_code), hidden))


def _form(code: str, inner: str) -> str:
    return (
        f'<form method="post" action="/device"><input type="hidden" name="user_code" '
        f'value="{code}">{inner}'
        '<button name="decision" value="approve">Approve</button>'
        '<button name="decision" value="refuse" formnovalidate>Refuse</button></form>'
    )


def _facts(waiting: Waiting) -> str:
    return (
        f"<p><strong>{escape(waiting.client)}</strong> at {escape(waiting.address or 'unknown')} "
        f"asks to {escape(', '.join(waiting.scopes))} as you.</p>"
        f"<p>Approve only if <em>your</em> device shows <code>{escape(waiting.user_code)}</code> "
        "and you began this login yourself.</p>"
    )


def done(*, approved: bool) -> HTMLResponse:
    """Return the last page."""
    said = "The device is logged in." if approved else "The device was refused."
    return _page(f"<p>{said} You may close this page.</p>")
