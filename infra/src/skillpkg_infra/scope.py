"""What every child of a component shares: its owner, its names, its tags and its protection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from skillpkg_infra.choices import Deletion


def stack_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of everything in this stack: its own two, and the configured ones."""
    return {**tags, "Application": "skreg", "Stack": pulumi.get_stack()}


@dataclass(frozen=True, slots=True)
class Scope:
    """Names, tags and options for the children of one component."""

    owner: pulumi.Resource
    name: str
    deletion: Deletion = Deletion.PROTECT
    tags: Mapping[str, str] = field(default_factory=dict)

    def named(self, part: str) -> str:
        """Return the child's logical name, derived from the component's."""
        return f"{self.name}-{part}"

    def labels(self, part: str) -> dict[str, str]:
        """Return the child's tags; a budget counts what carries its stack's."""
        return {**stack_tags(self.tags), "Name": self.named(part)}

    def options(
        self,
        *,
        after: Sequence[pulumi.Resource] = (),
        ignore: Sequence[str] = (),
        keeps: bool = False,
        carries: bool = False,
    ) -> pulumi.ResourceOptions:
        """Return the child's options.

        Args:
            after: what must exist before it.
            ignore: inputs that something else changes at run time, or that hold at creation only.
            keeps: it holds data or keys, so the stack's deletion mode applies to it.
            carries: what holds data stands on it, so it is left where that is left.
        """
        stays = keeps or carries
        return pulumi.ResourceOptions(
            parent=self.owner,
            depends_on=list(after) or None,
            ignore_changes=list(ignore) or None,
            protect=True if keeps and self.deletion is Deletion.PROTECT else None,
            retain_on_delete=True if stays and self.deletion is Deletion.RETAIN else None,
        )

    @property
    def guarded(self) -> bool:
        """Whether the cloud itself must refuse to delete what holds data."""
        return self.deletion is not Deletion.DESTROY

    @property
    def standing(self) -> bool:
        """Whether the cloud itself must refuse to delete what serves and holds no data."""
        return self.deletion is Deletion.PROTECT
