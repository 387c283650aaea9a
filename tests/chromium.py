"""Headless Chromium by its DevTools protocol, over a pipe: nothing but the browser is needed."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # or root may not run it
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)

START = """
import os, sys
reads, writes, *command = sys.argv[1:]
ends = [os.dup(os.dup(os.dup(int(end)))) for end in (reads, writes)]  # beyond 4
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(command[0], command)
"""  # the browser reads the descriptor 3 and writes 4


def chromium():
    """Where the browser is; None if it is not."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One tab. errors: what the console had to say; requests: the addresses that were asked for."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        ours, theirs = os.pipe(), os.pipe()
        command = [chromium(), *FLAGS, f"--user-data-dir={self.folder}", "about:blank"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, str(ours[0]), str(theirs[1]), *command],
            pass_fds=(ours[0], theirs[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self.to, self.of = os.fdopen(ours[1], "wb"), os.fdopen(theirs[0], "rb")
        self.number, self.session, self.rest = 0, None, b""
        self.errors, self.requests, self.loaded = [], [], 0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.to.close()
        self.process.terminate()
        self.process.wait(10)
        self.of.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, **parameters):
        """Ask, and wait for the answer; what happens meanwhile is noted."""
        self.number += 1
        number = self.number
        asked = {"id": number, "method": method, "params": parameters}
        if self.session:
            asked["sessionId"] = self.session
        self.to.write(json.dumps(asked).encode() + b"\0")
        self.to.flush()
        while True:
            told = self.next()
            if told.get("id") == number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']}")
                return told["result"]

    def next(self):
        """The next message."""
        while b"\0" not in self.rest:
            part = os.read(self.of.fileno(), 1 << 20)
            if not part:
                raise RuntimeError("the browser has come to an end")
            self.rest += part
        text, _, self.rest = self.rest.partition(b"\0")
        told = json.loads(text)
        about = told.get("params", {})
        match told.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(str(about["exceptionDetails"].get("exception", about)))
            case "Log.entryAdded" if about["entry"]["level"] in ("error", "warning"):
                self.errors.append(about["entry"]["text"])
            case "Runtime.consoleAPICalled" if about["type"] in ("error", "warning", "assert"):
                self.errors.append(str(about["args"]))
            case "Network.requestWillBeSent":
                self.requests.append(about["request"]["url"])
            case "Page.loadEventFired":
                self.loaded += 1
        return told

    def open(self, path, width=1280, height=900, *, dark=False, script=True):
        """Load a file."""
        self.size(width, height, dark=dark)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        before = self.loaded
        self.call("Page.navigate", url=Path(path).resolve().as_uri())
        while self.loaded == before:
            self.next()

    def size(self, width, height, *, dark=False, media=""):
        """The window's size, and what the reader prefers."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def run(self, expression):
        """The value of a JavaScript expression, awaited."""
        done = self.call(
            "Runtime.evaluate",
            expression=expression, awaitPromise=True, returnByValue=True, userGesture=True,
        )  # fmt: skip
        if "exceptionDetails" in done:
            raise RuntimeError(str(done["exceptionDetails"]))
        return done["result"].get("value")

    def picture(self, path, *, whole=False):
        """Save what is seen, or all of the page, as PNG."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def printed(self, path):
        """Save the page as it is printed."""
        data = self.call("Page.printToPDF", printBackground=True)["data"]
        Path(path).write_bytes(base64.b64decode(data))
