"""Which regions' databases can prove who they are: the image holds their authorities."""

from __future__ import annotations

BUNDLE = "/opt/skreg/share/rds.pem"
"""Where the image keeps them; ``images/rds.pem`` in this repository."""

AUTHORITY = "rds-ca-rsa2048-g1"
"""What signs the certificate of every database that skreg makes."""

REGIONS = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ca-central-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "me-central-1",
        "me-south-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)
"""Those whose authority is in the bundle; elsewhere TLS is forced and the server proves nothing."""


def tls_options(region: str) -> str:
    """Return the part of a database's URL that says how its certificate is checked."""
    if region in REGIONS:
        return f"sslmode=verify-full&sslrootcert={BUNDLE}"
    return "sslmode=require"
