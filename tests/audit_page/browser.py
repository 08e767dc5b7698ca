"""A headless Chromium, driven over its DevTools protocol through a pair of pipes: no driver, no library.

Source: Chromium's `--remote-debugging-pipe` (it reads messages from file descriptor 3 and writes them to 4,
each JSON ended by a zero byte); Chrome DevTools Protocol, version 1.3 (checked 2026-11-22).
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ANSWER_SECONDS_MAX = 60
FIRST_FREE = 10  # above the two numbers that Chromium takes
# The two pipes get the numbers that Chromium wants, in a process that then becomes Chromium.
START = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
LOADED = """
new Promise((done) => document.readyState === "complete" ? done() : addEventListener("load", done))
"""
KEYS = {"Enter": ("\r", 13), " ": (" ", 32), "Escape": (None, 27), "Tab": (None, 9), "/": ("/", 191)}
VIRTUAL = {"PageUp": 33, "PageDown": 34, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38,
           "ArrowRight": 39, "ArrowDown": 40}  # fmt: skip
CONTROL = 2


def chromium() -> str | None:
    """The program, where there is one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class PageError(AssertionError):
    """The page's program raised something, or DevTools refused a command."""


class Browser:
    """One page in one browser. `events` has everything that the page reported since it was opened."""

    def __init__(self, program: str, *, width: int = 1280, height: int = 800) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        high = [fcntl.fcntl(each, fcntl.F_DUPFD, FIRST_FREE) for each in (theirs_in, theirs_out)]
        self._process = subprocess.Popen(
            [
                sys.executable, "-S", "-c", START, *map(str, high),
                program, "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu",
                "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--hide-scrollbars",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--user-data-dir={self._profile.name}", f"--window-size={width},{height}",
            ],
            pass_fds=high, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for each in (*high, theirs_in, theirs_out):
            os.close(each)
        self._number = 0
        self._buffer = b""
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(each for each in targets if each["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.size(width, height)
        self.open("about:blank")  # the page that a browser starts with may not be there yet

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._profile.cleanup()

    @property
    def pid(self) -> int:
        """The browser's own process."""
        return self._process.pid

    def call(self, method: str, /, **parameters: Any) -> Any:
        """Send one command and wait for its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        rest = json.dumps(message).encode() + b"\0"
        while rest:
            rest = rest[os.write(self._out, rest) :]
        for answer in self._messages():
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)
        raise PageError(f"{method}: the browser has ended")

    def _messages(self) -> Iterator[dict[str, Any]]:
        until = time.monotonic() + ANSWER_SECONDS_MAX
        while True:
            head, mark, rest = self._buffer.partition(b"\0")
            if mark:
                self._buffer = rest
                yield json.loads(head)
                continue
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise PageError(f"the browser did not answer within {ANSWER_SECONDS_MAX} s")
            more = os.read(self._in, 1 << 20)
            if not more:
                return
            self._buffer += more

    def open(self, address: str) -> None:
        """Load a page and wait until it is drawn."""
        self.call("Page.navigate", url="about:blank")  # another part of the same page would not load it anew
        self.events.clear()
        self.call("Page.navigate", url=address)
        self.run(LOADED)
        self.settle()

    def open_file(self, file: Path, part: str = "") -> None:
        """Load a file, with `part` behind the number sign."""
        self.open(file.as_uri() + (f"#{part}" if part else ""))

    def run(self, program: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        answer = self.call("Runtime.evaluate", expression=program, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def press(self, *keys: str, control: bool = False) -> None:
        """Press keys one after the other."""
        for key in keys:
            text, code = KEYS.get(key, (None, VIRTUAL.get(key, 0)))
            common = {"key": key, "windowsVirtualKeyCode": code, "modifiers": CONTROL if control else 0}
            self.call("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
            self.call("Input.dispatchKeyEvent", type="keyUp", **common)
        self.settle()

    def write(self, text: str) -> None:
        """Type a text where the focus is."""
        self.call("Input.insertText", text=text)
        self.settle()

    def click(self, selector: str) -> None:
        """Click the middle of the first element that a CSS selector finds."""
        self.settle()
        place = self.run(
            f"(() => {{ const element = document.querySelector({json.dumps(selector)});"
            " element.scrollIntoView({ block: 'nearest' }); const box = element.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )
        self.settle()

    def text(self, selector: str) -> str:
        """What a person sees of the first element that a CSS selector finds."""
        return str(self.run(f"document.querySelector({json.dumps(selector)}).innerText"))

    def size(self, width: int, height: int, *, scale: float = 1) -> None:
        """Make the window another size, in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )

    def prefer(self, **features: str) -> None:
        """What the person has chosen: `prefers_color_scheme="dark"`."""
        listed = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=listed)

    def picture(self) -> bytes:
        """A PNG of the window."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def happened(self, *methods: str) -> list[dict[str, Any]]:
        """The parameters of the events of these kinds since the page was opened."""
        return [event["params"] for event in self.events if event.get("method") in methods]
