"""Text made of values that are not known yet."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

Texts = Sequence[pulumi.Input[str]]


def once(value: pulumi.Input[str], *ready: pulumi.Resource) -> pulumi.Output[str]:
    """Return the value, known once these exist: whoever uses it is made after them."""
    ids = [one.id for one in ready if isinstance(one, pulumi.CustomResource)]
    return pulumi.Output.all(value, *ids).apply(lambda found: str(found[0]))


def joined(*parts: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the parts one after the other; what a stand-in cloud leaves out counts as empty.

    ``Output.concat`` fails on a missing output, and with it every test of a program that uses
    mocks which only echo their inputs.
    """
    return pulumi.Output.all(*parts).apply(
        lambda found: "".join(str(part) for part in found if part is not None)
    )


def listed(texts: Texts) -> pulumi.Input[Texts]:
    """Return the texts as the SDK takes them; a program in another language hands over one output.

    Such a list is not known before it exists, so nobody may walk through it.
    """
    return texts if isinstance(texts, pulumi.Output) else list(texts)
