"""A secret is marked as one wherever it is registered, and shown nowhere."""

from __future__ import annotations

import json

from infra_stacks import stack

from skillpkg_infra.plan.registered import Registered, Secret, revealed, secrets_in
from skillpkg_infra.plan.rehearsal import Rehearsal
from skillpkg_infra.providers.aws.answers import OUTPUTS, PASSWORD


def places(one: Registered) -> set[str]:
    return set(secrets_in(one.inputs))


def stack_with_cache() -> Rehearsal:
    return stack(cache=True)


def test_the_stand_in_makes_a_password() -> None:
    made = OUTPUTS["random:index/randomPassword:RandomPassword"]("", "", {})
    assert made == {"result": PASSWORD}


def test_no_registered_input_holds_a_password_in_the_open() -> None:
    found = 0
    for one in stack_with_cache().resources:
        hidden = places(one)
        open_text = json.dumps(one.inputs, default=lambda value: repr(value))
        assert PASSWORD not in open_text, one.name
        assert PASSWORD not in json.dumps(one.outputs, default=lambda value: repr(value))
        if PASSWORD in json.dumps(revealed(one.inputs)):
            assert hidden, one.name
            found += 1
    assert found == 4  # the cache's user, the secret that holds the URL, two sealing keys


def test_every_secrets_value_is_marked() -> None:
    versions = [one for one in stack_with_cache().resources if one.kind == "SecretVersion"]
    assert versions
    assert all(isinstance(one.inputs["secretString"], Secret) for one in versions)


def test_no_password_is_exported() -> None:
    exports = stack_with_cache().exports
    assert PASSWORD not in json.dumps(revealed(exports))


def test_the_databases_password_never_passes_through_the_program() -> None:
    database = stack().named("rds/instance:Instance").inputs
    assert database["manageMasterUserPassword"] is True
    assert not {"password", "passwordWo"} & set(database)


def test_a_secret_hides_itself() -> None:
    assert repr(Secret("x")) == "[secret]"
    assert list(secrets_in({"a": [1, {"b": Secret(2)}]})) == ["a[1].b"]
