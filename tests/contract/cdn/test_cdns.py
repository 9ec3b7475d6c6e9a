"""Each CDN takes an invalidation as its own API wants it: moto for CloudFront, doubles else."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest

from skreg.adapters.cdn import CDNS, frontdoor, gcpcdn, open_cdn
from skreg.adapters.cdn.rest import Rest
from skreg.errors import ConfigurationInvalid, Unavailable
from support import loopback, moto_kms
from support.loopback import Handler, Loopback

PATHS = ["/packages/acme/demo/1.0.0+b/" + "ab" * 32 + ".skill", "/packages/acme/demo/1.0.0%2Bb/x"]
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
DOOR = f"frontdoor://{SUBSCRIPTION}/skreg-rg/skreg-cdn/reads"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback.running() as running:
        yield running


class Taken:
    """Keeps the bodies of what was asked."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.bodies: list[object] = []

    def __call__(self, handler: Handler) -> None:
        size = int(handler.headers["Content-Length"])
        self.bodies.append(json.loads(handler.rfile.read(size)))
        handler.reply(self.status, b'{"error": "quota"}')


async def test_cloudfront(monkeypatch: pytest.MonkeyPatch) -> None:
    with moto_kms.aws() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("cloudfront", region_name="us-east-1")
        origin = {
            "Id": "o",
            "DomainName": "b.s3.amazonaws.com",
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
        behaviour = {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"}
        made = client.create_distribution(
            DistributionConfig={
                "CallerReference": "test",
                "Comment": "",
                "Enabled": True,
                "Origins": {"Quantity": 1, "Items": [origin]},
                "DefaultCacheBehavior": behaviour,
            }
        )["Distribution"]["Id"]
        await open_cdn(f"cloudfront://{made}").invalidate(PATHS)
        listed = client.list_invalidations(DistributionId=made)["InvalidationList"]["Items"]
        found = client.get_invalidation(DistributionId=made, Id=listed[0]["Id"])["Invalidation"]
        assert found["InvalidationBatch"]["Paths"] == {"Quantity": 2, "Items": PATHS}
        first = found["InvalidationBatch"]["CallerReference"]
        await open_cdn(f"cloudfront://{made}/").invalidate(PATHS)
        again = client.list_invalidations(DistributionId=made)["InvalidationList"]["Items"]
        references = {
            client.get_invalidation(DistributionId=made, Id=one["Id"])["Invalidation"][
                "InvalidationBatch"
            ]["CallerReference"]
            for one in again
        }
        assert references == {first}, "asking again is the same request"
        with pytest.raises(Unavailable, match="CloudFront did not take"):
            await open_cdn("cloudfront://E0000000000000").invalidate(PATHS)


async def test_cloudfront_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with pytest.raises(Unavailable, match="CloudFront did not take"):
        await open_cdn("cloudfront://E0000000000000").invalidate(PATHS)


async def test_cloud_cdn(server: Loopback) -> None:
    taken = Taken()
    host = server.url.removeprefix("http://")
    base = "/compute/v1/projects/acme-prod/global/urlMaps/skreg-reads/invalidateCache?requestId="

    class Any(dict[str, object]):
        def get(self, path: str, default: object = None) -> object:
            return taken if path.startswith(base) else default

    server.script = Any()  # type: ignore[assignment]
    cdn = open_cdn(f"gcpcdn://acme-prod/skreg-reads?endpoint={host}")
    await cdn.invalidate(PATHS)
    assert taken.bodies == [{"path": path} for path in PATHS]
    await cdn.invalidate(PATHS[:1])
    asked = [path for path, _ in server.asked]
    assert asked[0] == asked[2], "asking again is the same request"
    assert asked[0] != asked[1]


async def test_front_door(server: Loopback) -> None:
    taken = Taken(202)
    place = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/skreg-rg/providers/Microsoft.Cdn"
        "/profiles/skreg-cdn/afdEndpoints/reads/purge?api-version=2024-02-01"
    )
    server.script = {place: taken}
    cdn = open_cdn(f"{DOOR}?endpoint={server.url.removeprefix('http://')}")
    await cdn.invalidate(PATHS)
    assert taken.bodies == [{"contentPaths": PATHS}]
    server.script = {place: Taken(429)}
    with pytest.raises(Unavailable) as refused:
        await cdn.invalidate(PATHS)
    assert "429" in refused.value.why
    assert "quota" in refused.value.why


def test_a_token_is_sent_and_an_absent_server_is_an_error(server: Loopback) -> None:
    server.script = {"/purge": Taken()}
    Rest("A CDN", lambda: "secret").post(f"{server.url}/purge", {"a": 1})
    (asked,) = server.asked
    assert asked[1]["Authorization"] == "Bearer secret"
    with pytest.raises(Unavailable, match="A CDN did not take"):
        Rest("A CDN", lambda: None).post("http://127.0.0.1:1/purge", {})


async def test_no_cdn_is_told_nothing() -> None:
    await open_cdn("none:").invalidate(PATHS)


def test_without_an_identity_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch, server: Loopback
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    with pytest.raises(Unavailable, match="no Google identity"):
        gcpcdn._token()
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID"):
        monkeypatch.setenv(name, SUBSCRIPTION)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    with pytest.raises(Unavailable, match="no Azure identity"):
        frontdoor._managed()()


def test_identities_give_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clouds' own libraries are the far side of a port; here they say yes."""

    class Credentials:
        token = "from-the-metadata-server"

        def refresh(self, request: object) -> None: ...

    class Managed:
        def get_token(self, scope: str) -> Credentials:
            assert scope == "https://management.azure.com/.default"
            return Credentials()

    monkeypatch.setattr("google.auth.default", lambda scopes: (Credentials(), "acme"))
    monkeypatch.setattr(frontdoor, "DefaultAzureCredential", Managed)
    assert gcpcdn._token() == "from-the-metadata-server"
    assert frontdoor._managed()() == "from-the-metadata-server"
    assert open_cdn("gcpcdn://acme/reads")
    assert open_cdn(DOOR)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "akamai://x",
        "cloudfront://",
        "cloudfront://lower-case",
        "gcpcdn://project",
        "gcpcdn:///map",
        "gcpcdn://project/a/b",
        "gcpcdn://project/map?endpoint=evil.test",
        "frontdoor://subscription/group/profile/endpoint",
        DOOR.rpartition("/")[0],
        f"{DOOR}?endpoint=evil.test",
    ],
)
def test_what_names_no_cdn(uri: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        open_cdn(uri)


def test_every_scheme_is_in_this_suite() -> None:
    assert set(CDNS) == {"none", "cloudfront", "gcpcdn", "frontdoor"}
