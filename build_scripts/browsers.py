"""Find the browsers for the tests, or get them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
#: Below /usr; Debian and Ubuntu, Fedora.
MINI_BROWSERS = ("lib/*/webkit2gtk-4*/MiniBrowser", "libexec/webkit2gtk-4*/MiniBrowser")


def find_chromium() -> str | None:
    """Return the path of a Chromium: ``$CHROMIUM``, one on the path, or one where installers put it."""
    for command in (os.environ.get("CHROMIUM", ""), *COMMANDS):
        if found := shutil.which(command):
            return found
    return next((place for place in PLACES if Path(place).is_file()), None)


def find_firefox() -> str | None:
    """Return the path of a Firefox: ``$FIREFOX``, or one on the path."""
    for command in (os.environ.get("FIREFOX", ""), "firefox-esr", "firefox"):
        if found := shutil.which(command):
            return found
    return None


def find_webkit() -> tuple[str, str, str] | None:
    """Return the paths of WebKitWebDriver, of WebKitGTK's MiniBrowser, and of the X server for it, if all are there."""
    places = (place for pattern in MINI_BROWSERS for place in sorted(Path("/usr").glob(pattern), reverse=True))
    browser = shutil.which("MiniBrowser") or next((str(place) for place in places), None)
    driver, server = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    return (driver, browser, server) if driver and browser and server else None


def playwright_chromium(python: Path, *, install: bool = False) -> str | None:
    """Return the path of the Chromium that Playwright keeps for itself, in the environment of ``python``."""
    if install and subprocess.run([python, "-m", "playwright", "install", "chromium"]).returncode != 0:
        return None
    code = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
    )
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()
    return answer if Path(answer).is_file() else None


def install_debian(*packages: str) -> bool:
    """Install Debian packages where that is possible without asking anybody; return whether they are there."""
    if sys.platform != "linux" or not shutil.which("apt-get"):
        return False
    sudo: list[str] = []
    if os.geteuid() != 0:
        if not shutil.which("sudo") or subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode != 0:
            return False
        sudo = ["sudo", "-n"]
    command = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    subprocess.run([*command, "update", "-qq"])
    return subprocess.run([*command, "install", "-qq", "-y", "--no-install-recommends", *packages]).returncode == 0
