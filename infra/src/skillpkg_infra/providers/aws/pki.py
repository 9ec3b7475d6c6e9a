"""The AWS keys: ECDSA P-256 in KMS, whose standard store is a hardware security module."""

from __future__ import annotations

import base64
import hashlib

import pulumi
from pulumi_aws.kms import Key, get_public_key_output

from skillpkg_infra.choices import Deletion, HsmBackend, RootMode
from skillpkg_infra.components.pki import PkiArgs, PkiOutputs
from skillpkg_infra.providers.aws.parts import key_alarms
from skillpkg_infra.providers.aws.parts.account import Account, account_of
from skillpkg_infra.providers.aws.parts.data_keys import data_key
from skillpkg_infra.providers.aws.parts.secrets import secret, secret_uri
from skillpkg_infra.providers.aws.parts.signing_keys import newest_alias, signing_key
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.providers.aws.parts.trail import audit_trail
from skillpkg_infra.rights import Resource
from skillpkg_infra.scope import Scope

ROLES = {
    "signing": Resource.SIGNING_KEY,
    "registry_ca": Resource.REGISTRY_CA_KEY,
    "publisher_ca": Resource.PUBLISHER_CA_KEY,
    "log": Resource.LOG_KEY,
}
ROOT = "root"
CAS = ("registry_ca", "publisher_ca")
"""Every replaced CA still issues its revocation list: without, what was signed under it would be
refused a week later. The log waits for its next bundle; a replaced signing key signs no more."""


class AwsPkiArgs(PkiArgs):
    """Inputs of the AWS keys."""


class AwsPki(pulumi.ComponentResource):
    """Four signing keys, a fifth for a root that is not offline, and the certificates' secret."""

    outputs: PkiOutputs

    def __init__(
        self,
        name: str,
        args: AwsPkiArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("skillpkg:aws:Pki", name, None, opts)
        args = args or AwsPkiArgs()
        scope = Scope(self, name, args.get("deletion", Deletion.PROTECT), args.get("tags", {}))
        account = account_of(self)
        keys = _keys(scope, account, args)
        if args.get("audit_trail", True):
            audit_trail(scope, account, args.get("log_retention_days", 365))
        self.outputs = _outputs(scope, account, keys, args)
        self.register_outputs(
            {
                "hsm_key_id": self.outputs.hsm_key_id,
                "intermediate_ca_cert_secret_name": self.outputs.intermediate_ca_cert_secret_name,
                "crl_bucket_path": self.outputs.crl_bucket_path,
                "hsm_backend": str(self.outputs.hsm_backend),
            }
        )


def _keys(scope: Scope, account: Account, args: AwsPkiArgs) -> dict[str, list[Key]]:
    mode = args.get("root_mode", RootMode.MANAGED)
    roles = {role: True for role in ROLES}
    if mode is not RootMode.OFFLINE:
        roles[ROOT] = mode is RootMode.MANAGED
    return {role: _generations(scope, account, args, role, signs) for role, signs in roles.items()}


def _generations(
    scope: Scope, account: Account, args: AwsPkiArgs, role: str, signs: bool
) -> list[Key]:
    newest = args.get("generations", {}).get(role, 1)
    # The last but one still signs while containers that name it are being replaced; CAs always.
    keys = [
        signing_key(
            scope,
            account,
            role,
            generation,
            signs=signs and (role in CAS or generation >= newest - 1),
            region=args.get("recovery_region"),
        )
        for generation in range(1, newest + 1)
    ]
    newest_alias(scope, role, keys[-1])
    return keys


def _outputs(
    scope: Scope, account: Account, keys: dict[str, list[Key]], args: AwsPkiArgs
) -> PkiOutputs:
    mode = args.get("root_mode", RootMode.MANAGED)
    sealed = data_key(scope, "secret-key", account, services=("secretsmanager",))
    certificates = secret(
        scope, "certificates", sealed, f"{scope.name}: issued certificates", keeps=True
    )
    newest = {role: generations[-1] for role, generations in keys.items()}
    return PkiOutputs(
        hsm_key_id=newest["signing"].key_id,
        intermediate_ca_cert_secret_name=certificates.name,
        hsm_backend=args.get("hsm_backend", HsmBackend.HSM),
        root_mode=mode,
        key_uris=_uris(newest, mode),
        former_key_uris=_former_uris(keys, mode),
        secret_uri=secret_uri(account, certificates.arn),
        root_fingerprint=_fingerprint(scope, newest[ROOT]) if ROOT in newest else None,
        handles=_handles(keys, certificates.arn, mode),
        alarms=key_alarms.alarms(scope.name, newest),
        events=key_alarms.events(scope.name, [key for line in keys.values() for key in line]),
    )


def _uris(newest: dict[str, Key], mode: RootMode) -> dict[str, pulumi.Input[str]]:
    named = {f"{role.upper()}_KEY_URI": key for role, key in newest.items()}
    if mode is not RootMode.MANAGED:
        named.pop("ROOT_KEY_URI", None)
    return {name: joined("awskms:///", key.arn) for name, key in named.items()}


def _former_uris(keys: dict[str, list[Key]], mode: RootMode) -> list[pulumi.Input[str]]:
    """Return what signs beside its successor: every CA, the log and a root before the last."""
    before = [key for role in CAS for key in keys[role][:-1]]
    beside = ("log", ROOT) if mode is RootMode.MANAGED else ("log",)
    before += [key for role in beside for key in keys[role][-2:-1]]
    return [joined("awskms:///", key.arn) for key in before]


def _handles(
    keys: dict[str, list[Key]], certificates: pulumi.Input[str], mode: RootMode
) -> dict[Resource, list[pulumi.Input[str]]]:
    named = {resource: keys[role] for role, resource in ROLES.items()}
    if mode is RootMode.MANAGED:
        named[Resource.ROOT_KEY] = keys[ROOT]
    handles: dict[Resource, list[pulumi.Input[str]]] = {
        resource: [key.arn for key in _signing(resource, generations)]
        for resource, generations in named.items()
    }
    handles[Resource.PKI_SECRET] = [certificates]
    return handles


def _signing(resource: Resource, generations: list[Key]) -> list[Key]:
    """Return the generations that may still sign."""
    return generations if resource in {ROLES[role] for role in CAS} else generations[-2:]


def _fingerprint(scope: Scope, root: Key) -> pulumi.Output[str]:
    found = get_public_key_output(key_id=root.arn, opts=pulumi.InvokeOptions(parent=scope.owner))
    return found.public_key.apply(_spki_fingerprint)


def _spki_fingerprint(public_key: str | None) -> str:
    if not public_key:
        return "sha256:(known after the first `pulumi up`)"
    return f"sha256:{hashlib.sha256(base64.b64decode(public_key)).hexdigest()}"
