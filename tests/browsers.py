"""The site and a real Chromium on it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, expect

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1440, "height": 900}}
# Milliseconds that a test waits for what must come: a machine that decides may be slow, and busy with other work. No promise of speed.
PATIENCE = 60_000
LANGUAGES = {"zh-hans": "zh-CN", "en": "en-US"}

expect.set_options(timeout=PATIENCE)


def chromium() -> str | None:
    return (
        os.environ.get("EARSHOT_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )


def launch(playwright: Playwright) -> Browser:
    path = chromium()
    assert path is not None
    return playwright.chromium.launch(executable_path=path, args=FLAGS, headless=True)


@dataclass
class Site:
    """The whole application, served from threads of this process on the test's own database."""

    url: str
    problems: list[str] = field(default_factory=list)  # server errors; the fixture fails the test when any is left


@contextmanager
def serve() -> Iterator[Site]:
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.signals import got_request_exception

    class Handler(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadedWSGIServer(("127.0.0.1", 0), Handler)
    server.set_app(WSGIHandler())
    site = Site(f"http://127.0.0.1:{server.server_port}")

    def remember(**_: Any) -> None:
        import traceback

        site.problems.append(traceback.format_exc())

    got_request_exception.connect(remember)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="site", daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
        got_request_exception.disconnect(remember)


@dataclass
class Visits:
    """Opens pages on the site, one separate visitor (cookies of their own) for each call."""

    browser: Browser
    site: Site
    contexts: list[BrowserContext] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __call__(self, size: str = "desk", language: str = "zh-hans", **options: Any) -> Page:
        context = self.browser.new_context(
            viewport=SIZES[size],
            locale=LANGUAGES[language],
            timezone_id="Asia/Shanghai",
            base_url=self.site.url,
            has_touch=size == "phone",
            is_mobile=size == "phone",
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        if language != "zh-hans":
            # As the reader's own choice leaves it: pages do not follow the browser's language.
            context.add_cookies([{"name": "django_language", "value": language, "url": self.site.url}])
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"script error on {page.url}: {error}"))
        page.on("console", self.listen)
        page.on("request", self.stay_home)
        return page

    def listen(self, message: ConsoleMessage) -> None:
        # A refused request (404, 409) is the page's business; everything else red in the console is a fault, CSP above all.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(f"console: {message.text}")

    def stay_home(self, request: Request) -> None:
        if not request.url.startswith((self.site.url, "data:", "blob:", "about:")):
            self.problems.append(f"a page asked another host: {request.url}")

    def close(self, keep_pictures_in: Path | None = None) -> None:
        for number, context in enumerate(self.contexts, start=1):
            for page in context.pages:
                if keep_pictures_in is not None:
                    keep_pictures_in.parent.mkdir(parents=True, exist_ok=True)
                    with suppress(Exception):
                        page.screenshot(path=f"{keep_pictures_in}-{number}.png", full_page=True)
            context.close()
        self.contexts.clear()
