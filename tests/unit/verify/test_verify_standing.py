"""What a signed index says of a package's life: deprecated, moved."""

from __future__ import annotations

import pytest

from skillpkg.errors import VerificationRefused
from support.static_registry import Client, Document, Ref, StaticRegistry

REF = Ref("acme", "deploy")


def changed(**facts: object) -> Client:
    """A registry that signs an index with these facts in it."""
    registry = StaticRegistry().publish("acme", "deploy")

    def change(document: Document) -> Document:
        return document | facts

    registry.hooks["index"] = change
    return Client(registry.build())


def test_a_deprecated_version_installs_with_the_message() -> None:
    registry = StaticRegistry().publish("acme", "deploy")
    registry.set_state("acme/deploy", "1.0.0", deprecated="Use acme/other.")
    client = Client(registry.build())
    found = client.verifier.verify_release(client.verifier.open_index(REF), "1.0.0")
    assert found.warnings == ("acme/deploy@1.0.0 is deprecated: Use acme/other.",)


def test_a_package_that_moved_says_where() -> None:
    client = changed(moved_to="umbrella/deploy")
    index = client.verifier.open_index(REF)
    assert index.moved_to == "umbrella/deploy"
    assert index.warnings == ("acme/deploy goes on as umbrella/deploy: new versions are there.",)


def test_a_package_that_stays_says_nothing() -> None:
    index = changed().verifier.open_index(REF)
    assert (index.moved_to, index.warnings) == (None, ())
    assert changed(moved_to=None).verifier.open_index(REF).moved_to is None


@pytest.mark.parametrize("value", ["", "deploy", "a/b/c", "https://evil.test/a", "A/b", 7])
def test_a_new_name_is_a_name(value: object) -> None:
    with pytest.raises(VerificationRefused, match="cannot be read"):
        changed(moved_to=value).verifier.open_index(REF)
