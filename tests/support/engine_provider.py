"""A stand-in for one of Pulumi's providers: an engine starts it; its cloud is a folder.

It answers as the cloud would (``AwsAnswers``), says what is unknown while previewing, makes names
up, refuses names that are taken, replaces what cannot be changed, and refuses to delete what is
guarded or in use. ``python engine_provider.py <package>`` prints its port and serves until killed.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
from collections.abc import Iterable, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import (
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from skillpkg_infra.providers.aws.answers import AwsAnswers
from support.engine_cloud import Cloud, Refused, Unfinished
from support.engine_rules import computed, deleted_first, named, replacing

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes a value that nobody knows yet."""


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """One connection to the stand-in cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._region = "eu-west-1"
        self._answers = AwsAnswers()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=os.environ["ENGINE_VERSION"])

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.DiffResponse()

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        region = request.variables.get("aws:config:region")
        if region:
            self._answers = AwsAnswers(region)
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        kind, name = _kind(request.urn), _name(request.urn)
        olds, news = _plain(request.olds), _plain(request.news)
        inputs, wrong = named(kind, name, news, olds, request.randomSeed)
        failures = [provider_pb2.CheckFailure(property="name", reason=wrong)] if wrong else []
        return provider_pb2.CheckResponse(inputs=_struct(inputs), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        kind = _kind(request.urn)
        before, after = _plain(request.old_inputs), _plain(request.news)
        keys = {**before, **after}
        ignored = set(request.ignoreChanges)
        changed = [key for key in keys if before.get(key) != after.get(key) and key not in ignored]
        forced = [key for key in changed if key in replacing(kind)]
        return provider_pb2.DiffResponse(
            changes=(
                provider_pb2.DiffResponse.DIFF_SOME
                if changed
                else provider_pb2.DiffResponse.DIFF_NONE
            ),
            diffs=changed,
            replaces=forced,
            deleteBeforeReplace=bool(forced)
            and deleted_first(kind, _name(request.urn), before, after),
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        kind, name = _kind(request.urn), _name(request.urn)
        inputs = _plain(request.properties)
        if request.preview:
            unknown = dict.fromkeys(computed(kind, name, inputs), UNKNOWN)
            return provider_pb2.CreateResponse(properties=_struct({**unknown, **inputs}))
        identity, facts = self._answers.create(kind, name, inputs)
        drawn = _drawn(kind)

        def answer(made: str) -> dict[str, Any]:
            # A new revision of a thing has an ARN of its own.
            return {**json.loads(json.dumps(facts).replace(identity, made)), **drawn}

        try:
            made = self._cloud.create(kind, name, identity, inputs, answer)
        except Unfinished as unfinished:
            return _half(context, unfinished)
        except Refused as refusal:
            return _abort(context, refusal)
        return provider_pb2.CreateResponse(id=made.id, properties=_struct(made.state))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        found = self._cloud.read(_kind(request.urn), request.id)
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=request.id, properties=_struct(found.state), inputs=_struct(found.inputs)
        )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        kind, inputs = _kind(request.urn), _plain(request.news)
        state = {**_plain(request.olds), **inputs}
        if not request.preview:
            try:
                self._cloud.update(kind, request.id, inputs, state)
            except Refused as refusal:
                return _abort(context, refusal)
        return provider_pb2.UpdateResponse(properties=_struct(state))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        try:
            self._cloud.delete(_kind(request.urn), request.id)
        except Refused as refusal:
            return _abort(context, refusal)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        answer = self._answers.call(request.tok, _plain(request.args))
        return provider_pb2.InvokeResponse(**{"return": _struct(answer)})

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()


def _kind(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _plain(message: Any) -> dict[str, Any]:
    return {str(key): _whole(value) for key, value in json_format.MessageToDict(message).items()}


def _whole(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _struct(value: Mapping[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(value)
    return made


def _drawn(kind: str) -> dict[str, str]:
    """Return what the random provider draws: each time another."""
    if kind == "random:index/randomId:RandomId":
        return {"hex": secrets.token_hex(4)}
    return {"result": secrets.token_urlsafe(36)} if kind.startswith("random:") else {}


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _abort(context: Any, refusal: Refused) -> Any:
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(refusal))


def _half(context: Any, why: Unfinished) -> Any:
    """Tell the engine that the thing exists and is not as it should be."""
    packed = any_pb2.Any()
    packed.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=why.made.id,
            properties=_struct(why.made.state),
            reasons=[str(why)],
            inputs=_struct(why.made.inputs),
        )
    )
    status = status_pb2.Status(code=2, message=str(why), details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(why))


def serve(arguments: Iterable[str]) -> None:
    """Serve until the engine ends this process."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    cloud = Cloud(Path(os.environ["ENGINE_CLOUD"]))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(StandIn(cloud), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.wait_for_termination()


if __name__ == "__main__":
    serve(sys.argv[1:])
