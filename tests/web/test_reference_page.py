"""``/docs`` in a browser: it shows the API, and nothing on it comes from elsewhere."""

from __future__ import annotations

from playwright.async_api import Page

from skreg.bootstrap import ApiContainer
from support.asgi import AsgiClient
from support.served import served


async def test_it_shows_every_part_and_asks_nobody_else(
    container: ApiContainer, page: Page
) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    with served(container) as url:
        await page.goto(f"{url}/docs")
        publish = page.get_by_text("Publish a version", exact=True)
        await publish.wait_for()
        tags = await page.locator("h3.opblock-tag").count()
        await publish.click()
        await page.get_by_text("The .skill file, at most 10 MiB.").first.wait_for()
    assert tags >= 10
    assert {one.split("/")[2] for one in asked if not one.startswith("data:")} == {
        url.split("/")[2]
    }
    assert complaints == []


async def test_there_is_no_other_file_beside_it(client: AsgiClient) -> None:
    answer = await client.get("/docs/redoc.standalone.js")
    assert answer.status == 404
    assert "script-src 'self'" in (await client.get("/docs")).headers["content-security-policy"]
