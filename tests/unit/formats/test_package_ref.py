from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillpkg.errors import UsageError
from skillpkg.package_ref import PackageRef, is_tag

NAMES = st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)
WANTED = st.sampled_from([None, "1.2.0", "2.0.0-rc.1", "latest", "beta", "^1.2", "~1"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("acme/deploy", "acme/deploy"),
        ("@acme/deploy", "acme/deploy"),
        ("acme/deploy@1.2.0", "acme/deploy@1.2.0"),
        ("@acme/deploy@latest", "acme/deploy@latest"),
        ("https://skills.example.com/acme/deploy", "https://skills.example.com/acme/deploy"),
        ("https://h:8443/pre/fix/acme/deploy@2.0.0", "https://h:8443/pre/fix/acme/deploy@2.0.0"),
        ("https://h/@acme/deploy/", "https://h/acme/deploy"),
        ("https://h/v1/packages/acme/deploy", "https://h/acme/deploy"),
        ("https://h/v1/packages/acme/deploy/1.2.0", "https://h/acme/deploy@1.2.0"),
        ("https://h/packages/acme/deploy", "https://h/acme/deploy"),
        ("file:///srv/mirror/acme/deploy", "file:///srv/mirror/acme/deploy"),
    ],
)
def test_every_way_to_write_a_package_is_read(text: str, shown: str) -> None:
    ref = PackageRef.parse(text)
    assert str(ref) == shown
    assert ref.package == "acme/deploy"
    assert PackageRef.parse(shown) == ref


def test_version_tag_and_range_are_told_apart() -> None:
    exact, tag, span, bare = (PackageRef.parse("a/b" + v) for v in ("@1.2.0", "@latest", "@^1", ""))
    assert (str(exact.version), exact.tag, exact.range) == ("1.2.0", None, None)
    assert (tag.version, tag.tag, tag.range) == (None, "latest", None)
    assert (span.version, span.tag, str(span.range)) == (None, None, "^1")
    assert (bare.version, bare.tag, bare.range) == (None, None, None)


@pytest.mark.parametrize("text", ["x", "1", "1.x", "*", "Latest", "", "v1", "-a"])
def test_what_reads_as_a_range_or_breaks_the_shape_is_no_tag(text: str) -> None:
    assert not is_tag(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "acme", "acme/", "/deploy", "a/b/c", "a/b@", "a/b@!!", "a/b@1.2.3@4", "A/b", "a/b c",
        "https://h", "https://h/", "https://h/deploy", "https:///a/b", "https://u@h/a/b",
        "https://u:p@h/a/b", "https://h/a/b?x=1", "https://h/a/b#x", "ftp://h/a/b",
        "https://h/v1/packages/a/b/1.0.0/download", "javascript://h/a/b",
    ],
)  # fmt: skip
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        PackageRef.parse(text)


@given(NAMES, NAMES, WANTED, st.sampled_from([None, "https://h", "http://127.0.0.1:8470/x"]))
def test_a_reference_survives_being_written(
    namespace: str, name: str, wanted: str | None, registry: str | None
) -> None:
    text = f"{registry + '/' if registry else ''}{namespace}/{name}{'@' + wanted if wanted else ''}"
    ref = PackageRef.parse(text)
    assert str(ref) == text
    assert (ref.namespace, ref.name, ref.version_or_tag, ref.registry_url) == (
        namespace, name, wanted, registry,
    )  # fmt: skip


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        ref = PackageRef.parse(text)
    except UsageError:
        return
    assert PackageRef.parse(str(ref)) == ref
