"""A real browser: Chromium of the system, without a network of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from support.registry_fixtures import *  # noqa: F403

_QUIET = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")


@pytest_asyncio.fixture
async def page() -> AsyncIterator[Page]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(_QUIET))
        yield await browser.new_page()
        await browser.close()
