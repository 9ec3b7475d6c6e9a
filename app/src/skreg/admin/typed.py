"""Names of packages and versions as an operator types them."""

from __future__ import annotations

from skreg.errors import Unprocessable


def version_of(text: str) -> tuple[str, str, str]:
    """Return namespace, name and version of ``ns/name@version``.

    Raises:
        Unprocessable: it has another form.
    """
    namespace, name, version = package_of(text)
    if version is None:
        raise Unprocessable(f"{text!a} is not ns/name@version.")
    return namespace, name, version


def package_of(text: str) -> tuple[str, str, str | None]:
    """Return namespace, name and, where one stands, version of ``ns/name[@version]``.

    Raises:
        Unprocessable: it has another form.
    """
    package, at, version = text.partition("@")
    namespace, slash, name = package.partition("/")
    if not (namespace and slash and name) or (at and not version):
        raise Unprocessable(f"{text!a} is not ns/name or ns/name@version.")
    return namespace, name, version if at else None
