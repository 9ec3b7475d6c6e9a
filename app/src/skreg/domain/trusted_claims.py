"""Whether an identity token's claims are those of a trusted publisher, by provider.

Source: what PyPI and crates.io check (research on trusted publishing), and beyond it the numbers
of owner and repository, so that a name that was given up and taken again does not publish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from skreg.domain.identity_tokens import text_claim

Claims = Mapping[str, object]
_REGISTERED = frozenset({"iss", "iat", "exp", "nbf", "aud", "sub", "jti"})
_NEVER = frozenset({"pull_request_target", "workflow_run"})
"""Events that run a workflow of the default branch for whoever opens a pull request."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Who is trusted; see ``db.tables.trusted`` for the fields."""

    issuer: str
    owner: str
    owner_id: str | None
    repository: str
    repository_id: str | None
    workflow: str
    environment: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """The provider's numbers for owner and repository, as a token names them."""

    owner_id: str
    repository_id: str


@dataclass(frozen=True, slots=True)
class Provider:
    """How one provider's tokens are judged.

    Attributes:
        mismatches: returns the names of the claims that are not this publisher's.
        numbers: returns the provider's numbers of owner and repository.
        checked, unchecked: the claims that are known; any other is reported.
        shown: claims that the audit trail keeps.
    """

    mismatches: Callable[[Trust, Claims], list[str]]
    numbers: Callable[[Claims], Numbers]
    checked: frozenset[str]
    unchecked: frozenset[str]
    shown: tuple[str, ...]

    def unknown(self, claims: Claims) -> list[str]:
        """Return claims that nobody has looked at yet: the provider may mean something by them."""
        return sorted(claims.keys() - self.checked - self.unchecked - _REGISTERED)


def _failed(checks: Iterable[tuple[str, bool]]) -> list[str]:
    return [name for name, holds in checks if not holds]


def _same(left: str, right: str) -> bool:
    """Compare names that a provider gives out without regard to case."""
    return left.casefold() == right.casefold()


def _workflow(claim: str, place: str, workflow: str, refs: Iterable[str]) -> bool:
    """Whether ``place`` + ``workflow`` + ``@`` + one of the refs is claimed; place without case."""
    head, rest = claim[: len(place)], claim[len(place) :]
    return _same(head, place) and rest in {f"{workflow}@{ref}" for ref in refs}


def _github(trust: Trust, claims: Claims) -> list[str]:
    repository = f"{trust.owner}/{trust.repository}"
    numbers = _github_numbers(claims)
    refs = (text_claim(claims, "ref"), text_claim(claims, "sha"))
    ran = text_claim(claims, "job_workflow_ref")
    environment = claims.get("environment", "")
    return _failed(
        (
            ("repository", _same(text_claim(claims, "repository"), repository)),
            ("repository_owner", text_claim(claims, "repository_owner") == trust.owner),
            ("repository_owner_id", numbers.owner_id == trust.owner_id),
            ("repository_id", trust.repository_id in (None, numbers.repository_id)),
            (
                "job_workflow_ref",
                _workflow(ran, f"{repository}/.github/workflows/", trust.workflow, refs),
            ),
            (
                "environment",
                not trust.environment or _same(str(environment), trust.environment),
            ),
            ("event_name", text_claim(claims, "event_name") not in _NEVER),
        )
    )


def _github_numbers(claims: Claims) -> Numbers:
    return Numbers(text_claim(claims, "repository_owner_id"), text_claim(claims, "repository_id"))


def _gitlab(trust: Trust, claims: Claims) -> list[str]:
    project = f"{trust.owner}/{trust.repository}"
    numbers = _gitlab_numbers(claims)
    refs = (text_claim(claims, "ref_path"), text_claim(claims, "sha"))
    host = urlsplit(trust.issuer).netloc
    subject = f"project_path:{project}:"
    ran = text_claim(claims, "ci_config_ref_uri")
    return _failed(
        (
            ("sub", _same(text_claim(claims, "sub")[: len(subject)], subject)),
            ("project_path", _same(text_claim(claims, "project_path"), project)),
            ("namespace_id", trust.owner_id in (None, numbers.owner_id)),
            ("project_id", trust.repository_id in (None, numbers.repository_id)),
            (
                "ci_config_ref_uri",
                _workflow(ran, f"{host}/{project}//", trust.workflow, refs),
            ),
            (
                "environment",
                not trust.environment or claims.get("environment") == trust.environment,
            ),
        )
    )


def _gitlab_numbers(claims: Claims) -> Numbers:
    return Numbers(text_claim(claims, "namespace_id"), text_claim(claims, "project_id"))


PROVIDERS: dict[str, Provider] = {
    "github": Provider(
        _github,
        _github_numbers,
        frozenset(
            {
                "repository", "repository_owner", "repository_owner_id", "repository_id",
                "job_workflow_ref", "environment", "event_name", "ref", "sha",
            }
        ),
        frozenset(
            {
                "actor", "actor_id", "base_ref", "check_run_id", "enterprise", "enterprise_id",
                "environment_node_id", "head_ref", "issuer_scope", "job_workflow_sha",
                "ref_protected", "ref_type", "repository_visibility", "run_attempt", "run_id",
                "run_number", "runner_environment", "workflow", "workflow_ref", "workflow_sha",
            }
        ),
        ("repository", "repository_id", "job_workflow_ref", "sha", "run_id", "actor", "event_name"),
    ),
    "gitlab": Provider(
        _gitlab,
        _gitlab_numbers,
        frozenset(
            {
                "project_path", "namespace_id", "project_id", "ci_config_ref_uri",
                "environment", "ref_path", "sha",
            }
        ),
        frozenset(
            {
                "ci_config_sha", "deployment_tier", "environment_action", "environment_protected",
                "groups_direct", "job_group_id", "job_id", "job_namespace_id",
                "job_namespace_path", "job_project_id", "job_project_path", "job_source",
                "namespace_path", "pipeline_id", "pipeline_source", "project_visibility", "ref",
                "ref_protected", "ref_type", "runner_environment", "runner_id", "user_access_level",
                "user_email", "user_id", "user_identities", "user_login",
            }
        ),
        ("project_path", "project_id", "ci_config_ref_uri", "sha", "pipeline_id", "user_login"),
    ),
}  # fmt: skip
"""Provider -> how its tokens are judged; settings say which issuers belong to it."""
