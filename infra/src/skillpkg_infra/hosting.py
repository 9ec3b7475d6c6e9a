"""The components as a Pulumi plugin, for programs in any language.

Pulumi's host reads a component's inputs and outputs from annotations that are types, not text, and
from attributes of the component itself. ``hosted`` gives it a component of that form around ours.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ForwardRef, TypeAlias, TypedDict

import pulumi

from skillpkg_infra.choices import HsmBackend, RootMode
from skillpkg_infra.rights import Resource

PACKAGE = "skillpkg"

INNER_INPUTS = frozenset({"alarms", "events"})
"""What one component of ours tells another about its alarms; the host knows no such shapes."""

Text: TypeAlias = pulumi.Input[str]
MaybeText: TypeAlias = pulumi.Input[str] | None
Texts: TypeAlias = Sequence[pulumi.Input[str]]
NamedTexts: TypeAlias = Mapping[str, pulumi.Input[str]]
ResourceTexts: TypeAlias = Mapping[Resource, Sequence[pulumi.Input[str]]]

SHAPES: tuple[tuple[Any, Any], ...] = (
    (Text, pulumi.Output[str]),
    (MaybeText, pulumi.Output[str] | None),
    (str, pulumi.Output[str]),
    (int, pulumi.Output[int]),
    (HsmBackend, pulumi.Output[str]),
    (RootMode, pulumi.Output[str]),
    (Texts, pulumi.Output[list[str]]),
    (NamedTexts, pulumi.Output[dict[str, str]]),
    (ResourceTexts, pulumi.Output[dict[str, list[str]]]),
)
"""What a field of our outputs is -> what the host shows of it; other fields are left out."""


@dataclass(frozen=True, slots=True)
class Part:
    """One component of ours, with the types of its inputs and outputs."""

    component: type[Any]
    args: type[Any]
    outputs: type[Any]


def hosted(part: Part) -> type[pulumi.ComponentResource]:
    """Return a component that takes the same inputs, and has the outputs as its attributes."""
    shown = _shown(part.outputs)
    component: Any = part.component

    def build(
        self: pulumi.ComponentResource,
        name: str,
        args: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        kind = f"{PACKAGE}:index:{part.component.__name__}"
        pulumi.ComponentResource.__init__(self, kind, name, None, opts)
        made = component(name, _whole(args), pulumi.ResourceOptions(parent=self)).outputs
        values = {field: pulumi.Output.from_input(getattr(made, field)) for field in shown}
        for field, value in values.items():
            setattr(self, field, value)
        self.register_outputs(values)

    build.__annotations__ = {"name": str, "args": _inputs(part), "return": None}
    body = {"__init__": build, "__annotations__": shown, "__doc__": part.component.__doc__}
    return type(part.component.__name__, (pulumi.ComponentResource,), body)


def _whole(value: Any) -> Any:
    """Return the value with whole numbers as such: over the wire every number is a float."""
    if isinstance(value, Mapping):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _inputs(part: Part) -> Any:
    hints = inspect.get_annotations(part.args)
    kept = {name: _read(hint) for name, hint in hints.items() if name not in INNER_INPUTS}
    return TypedDict(part.args.__name__, kept)  # type: ignore[operator]  # its names are data


def _read(hint: ForwardRef) -> Any:
    """Return the type that a hint's text names, in the module that says it.

    ``typing.get_type_hints`` would also resolve what is inside ``Input``; the host knows an input
    by its not being resolved.
    """
    said: Any = type("Said", (), {"__annotations__": {"hint": hint.__forward_arg__}})
    module = vars(sys.modules[str(hint.__forward_module__)])
    return inspect.get_annotations(said, globals=module, eval_str=True)["hint"]


def _shown(outputs: type[Any]) -> dict[str, Any]:
    hints = inspect.get_annotations(outputs, eval_str=True)
    found = {name: _shape(hint) for name, hint in hints.items()}
    return {name: shape for name, shape in found.items() if shape is not None}


def _shape(hint: Any) -> Any:
    return next((shape for ours, shape in SHAPES if ours == hint), None)


def aws() -> list[type[pulumi.ComponentResource]]:
    """Return the AWS components for the host."""
    from skillpkg_infra.components import compute, database, network, pki, storage
    from skillpkg_infra.providers.aws.compute import AwsCompute, AwsComputeArgs
    from skillpkg_infra.providers.aws.database import AwsDatabase, AwsDatabaseArgs
    from skillpkg_infra.providers.aws.network import AwsNetwork, AwsNetworkArgs
    from skillpkg_infra.providers.aws.pki import AwsPki, AwsPkiArgs
    from skillpkg_infra.providers.aws.storage import AwsStorage, AwsStorageArgs

    parts = [
        Part(AwsNetwork, AwsNetworkArgs, network.NetworkOutputs),
        Part(AwsPki, AwsPkiArgs, pki.PkiOutputs),
        Part(AwsStorage, AwsStorageArgs, storage.StorageOutputs),
        Part(AwsDatabase, AwsDatabaseArgs, database.DatabaseOutputs),
        Part(AwsCompute, AwsComputeArgs, compute.ComputeOutputs),
    ]
    return [hosted(part) for part in parts]
