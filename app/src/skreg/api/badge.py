"""A badge: label and message in a small SVG without scripts, links or anything to load."""

from __future__ import annotations

from xml.sax.saxutils import escape

MEDIA_TYPE = "image/svg+xml"
_COLOURS = {"v": "#2563a8", "yanked": "#b45309", "withdrawn": "#b91c1c"}
_NARROW, _WIDE = frozenset("fijlrt.,:;|!'I1 -"), frozenset("mwMW@")
_PAD, _HEIGHT = 6, 20


def svg(label: str, message: str) -> bytes:
    """Return a badge; a message that begins with ``v`` is a version, others are warnings."""
    left, right = _width(label), _width(message)
    colour = _COLOURS.get(message, _COLOURS["v"])
    said = escape(f"{label}: {message}", {'"': "&quot;"})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" '
        f'role="img" aria-label="{said}"><title>{said}</title>'
        f'<rect width="{left + right}" height="{_HEIGHT}" rx="3" fill="#3f3f46"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right - 3}z" '
        f'fill="{colour}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" '
        'text-anchor="middle">'
        f'<text x="{left / 2:g}" y="14">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="14">{escape(message)}</text></g></svg>'
    ).encode()


def _width(text: str) -> int:
    """Return about how many pixels the text takes, with its padding."""
    pixels = sum(4 if char in _NARROW else 10 if char in _WIDE else 7 for char in text)
    return pixels + 2 * _PAD
