"""A headless Chromium, and what can be seen in it."""

import pathlib
import re
import shutil

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from training import holds

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]


def program(name):
    path = shutil.which(name)
    holds(path, f"there is a program {name} (Debian: apt-get install chromium chromium-driver)")
    return path


def start(profile):
    """A browser with `profile` as its new, empty folder."""
    options = Options()
    options.binary_location = program("chromium")
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    # The page that a browser begins with asks for much; from here on everything is the tested page's.
    driver.get("about:blank")
    driver.get_log("performance")
    return driver


def resize(driver, width, height):
    """Makes the window so many CSS pixels wide and high."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def theme(driver, name):
    """Makes the machine `light` or `dark`."""
    features = [{"name": "prefers-color-scheme", "value": name}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def evaluate(driver, expression, *arguments):
    return driver.execute_script(f"return {expression}", *arguments)


def texts(driver, selector):
    """The visible text of each element."""
    return evaluate(driver, "[...document.querySelectorAll(arguments[0])].map(e => e.innerText.trim())", selector)


def cells(driver, selector):
    """The visible text of each cell of each row."""
    rows = "[...document.querySelectorAll(arguments[0])].map(row => [...row.cells].map(e => e.innerText.trim()))"
    return evaluate(driver, rows, selector)


def asked_for(driver):
    """Addresses of everything that was asked for so far and is not part of the page itself."""
    log = [entry["message"] for entry in driver.get_log("performance")]
    requests = "".join(message for message in log if "Network.requestWillBeSent" in message)
    return set(re.findall(r'"url":"((?!data:)[^"]*)"', requests))


def screenshot(driver, path):
    """The whole page, however high."""
    width, height = evaluate(driver, "[window.innerWidth, document.documentElement.scrollHeight]")
    resize(driver, width, height)
    driver.save_screenshot(str(pathlib.Path(path)))
