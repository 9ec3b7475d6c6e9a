"""Registers a program's resources with a stand-in of the cloud, and remembers all of it."""

from __future__ import annotations

import contextvars
import gc
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import pulumi
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime import mocks, rpc, settings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_pulumi_func
from pulumi.runtime.sync_await import _ensure_event_loop, _sync_await

from skillpkg_infra.plan.registered import Registered, Secret

T = TypeVar("T")
PROJECT = "skreg"
STACK = "pulumi:pulumi:Stack"


class Answers(Protocol):
    """What a cloud would answer."""

    def create(self, kind: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return a new resource's id and its outputs beside the inputs."""
        ...

    def call(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a provider's function says."""
        ...


@dataclass(slots=True)
class Rehearsal:
    """Everything that a program registered."""

    resources: list[Registered] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)

    def named(self, kind: str, name: str = "") -> Registered:
        """Return the one resource of this type, and of this name if given.

        Raises:
            LookupError: none, or more than one.
        """
        found = [
            one for one in self.resources if one.type.endswith(kind) and name in ("", one.name)
        ]
        if len(found) != 1:
            raise LookupError(f"{len(found)} resources are {kind} {name!r}, not one.")
        return found[0]


def rehearse(
    program: Callable[[], object],
    answers: Answers,
    *,
    stack: str = "test",
    config: Mapping[str, str] | None = None,
) -> Rehearsal:
    """Run a program and return what it registered; each run stands alone.

    Args:
        program: registers resources, as ``__main__`` does.
        answers: the stand-in cloud.
        stack: the stack's name.
        config: the stack file's keys, ``skreg:size`` and so on, as text.
    """
    with _without_collector():
        return contextvars.copy_context().run(_run, program, answers, stack, config or {})


@contextmanager
def _without_collector() -> Iterator[None]:
    """Thousands of short-lived futures: the collector would take a third of the time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _run(
    program: Callable[[], object], answers: Answers, stack: str, config: Mapping[str, str]
) -> Rehearsal:
    rehearsal = Rehearsal()
    settings.ROOT.set(None)
    pulumi.runtime.set_all_config(dict(config))
    monitor = _Monitor(answers, rehearsal)
    _ensure_event_loop()  # type: ignore[no-untyped-call]  # the thread's may have been closed
    mocks.set_mocks(_Unused(), project=PROJECT, stack=stack, preview=False, monitor=monitor)
    _sync_await(run_pulumi_func(lambda: _program(program, rehearsal)))
    rehearsal.resources.sort(key=lambda one: (one.type, one.name))
    return rehearsal


async def _program(program: Callable[[], object], rehearsal: Rehearsal) -> None:
    program()
    root = settings.get_root_resource()
    exports = getattr(root, "outputs", {})
    rehearsal.exports = _opened(await rpc.serialize_property(dict(exports), [], None))


def _opened(value: Any) -> Any:
    """Turn Pulumi's wrapped secrets into ``Secret``."""
    if rpc.is_rpc_secret(value):
        return Secret(_opened(value["value"]))
    if isinstance(value, Mapping):
        return {key: _opened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_opened(item) for item in value]
    return value


class _Unused(mocks.Mocks):
    """Satisfies ``set_mocks``; the monitor below answers everything."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise AssertionError(args.typ)


class _Monitor(mocks.MockMonitor):
    """Pulumi's own mock monitor drops parents, options and secrets; this one keeps them."""

    def __init__(self, answers: Answers, rehearsal: Rehearsal) -> None:
        super().__init__(_Unused())
        self._answers = answers
        self._rehearsal = rehearsal
        self._by_urn: dict[str, Registered] = {}
        self._lock = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  # Pulumi's own name
        urn = self.make_urn("", _qualified(request.parent, request.type), request.name)
        if request.type == STACK:
            return _response(urn, "", {})
        _ensure_event_loop()  # type: ignore[no-untyped-call]
        inputs = _opened(rpc.deserialize_properties(request.object))
        identity = ""
        answered: dict[str, Any] = {}
        if request.custom:
            identity, answered = self._answers.create(request.type, request.name, inputs)
        self._keep(request, urn, inputs, {**answered, "id": identity})
        return _response(urn, identity, {**_sealed(inputs), **_sealed(answered)})

    def _keep(
        self, request: Any, urn: str, inputs: dict[str, Any], answered: dict[str, Any]
    ) -> None:
        made = Registered(
            type=request.type,
            name=request.name,
            urn=urn,
            parent=request.parent,
            custom=request.custom,
            inputs=inputs,
            protect=request.protect,
            retain=request.retainOnDelete,
            ignored=tuple(request.ignoreChanges),
            after=tuple(request.dependencies),
            answered=answered,
        )
        with self._lock:
            self._by_urn[urn] = made
            self._rehearsal.resources.append(made)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802  # Pulumi's own name
        if request.urn in self._by_urn:
            outputs = _opened(rpc.deserialize_properties(request.outputs))
            self._by_urn[request.urn].outputs.update(outputs)
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: N802  # Pulumi's own name
        _ensure_event_loop()  # type: ignore[no-untyped-call]
        arguments = rpc.deserialize_properties(request.args)
        answer = self._answers.call(request.tok, arguments)
        returned = _sync_await(rpc.serialize_properties(answer, {}))
        fields = {"failures": None, "return": returned}
        return resource_pb2.ResourceInvokeResponse(**fields)


def _qualified(parent: str, kind: str) -> str:
    """Return the type as the engine writes it: after its parents' types, but not the stack's."""
    above = parent.split("::")[2] if parent else STACK
    return kind if above == STACK else f"{above}${kind}"


def _sealed(value: Any) -> Any:
    """Turn ``Secret`` back into what Pulumi sends over the wire."""
    if isinstance(value, Secret):
        return rpc.wrap_rpc_secret(_sealed(value.value))
    if isinstance(value, Mapping):
        return {key: _sealed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sealed(item) for item in value]
    return value


def _response(urn: str, identity: str, state: dict[str, Any]) -> Any:
    sent = _sync_await(rpc.serialize_properties(state, {}))
    return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=sent)
