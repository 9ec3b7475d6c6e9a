"""An image repository: tags never move, images are scanned, old ones go."""

from __future__ import annotations

import json

from pulumi_aws.ecr import (
    LifecyclePolicy,
    Repository,
    RepositoryEncryptionConfigurationArgs,
    RepositoryImageScanningConfigurationArgs,
)

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.data_keys import data_key
from skillpkg_infra.providers.aws.parts.naming import physical
from skillpkg_infra.scope import Scope

KEPT_IMAGES = 50


def repository(scope: Scope, account: Account) -> Repository:
    """Make the repository."""
    key = data_key(scope, "image-key", account, services=("ecr",))
    made = Repository(
        scope.named("images"),
        name=physical("images", 200),
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration=RepositoryImageScanningConfigurationArgs(scan_on_push=True),
        encryption_configurations=[
            RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=key.arn)
        ],
        force_delete=not scope.guarded,
        tags=scope.labels("images"),
        opts=scope.options(keeps=True),
    )
    LifecyclePolicy(
        scope.named("images-lifecycle"),
        repository=made.name,
        policy=json.dumps({"rules": [_keep_newest()]}),
        opts=scope.options(),
    )
    return made


def _keep_newest() -> dict[str, object]:
    return {
        "rulePriority": 1,
        "description": f"keep the newest {KEPT_IMAGES}",
        "selection": {
            "tagStatus": "any",
            "countType": "imageCountMoreThan",
            "countNumber": KEPT_IMAGES,
        },
        "action": {"type": "expire"},
    }
