"""What every page must be: legible in windows wide and narrow, on machines light and dark, and silent."""

import pathlib

import browser
from browser import evaluate
from training import equal, holds

# Windows that a person may have, in CSS pixels.
WIDE, NARROW, HEIGHT = 1280, 400, 900

# The least contrast of text on its ground that WCAG 2.1 asks for (level AA).
CONTRAST = 4.5

# The least size of a chart's text that can be read, in CSS pixels.
LEAST_TEXT = 10

# Places in a chart are whole units: that of a point and those of the two that it is compared with.
ROUNDING = 2.0

# What is drawn in a chart, and whether it lies within.
DRAWN = """
const svg = document.querySelector(arguments[0] + ' svg'), frame = svg.getBoundingClientRect();
const inside = e => {
    const r = e.getBoundingClientRect();
    return r.width > 0 && r.left >= frame.left - 1 && r.right <= frame.right + 1 && r.top >= frame.top - 1
        && r.bottom <= frame.bottom + 1;
};
const lines = [...svg.querySelectorAll('polyline')].filter(e => /^#0[1-4]0000$/.test(e.getAttribute('stroke')));
return {
    frame: [frame.width, frame.height],
    labels: [...svg.querySelectorAll('text')].map(e => [e.textContent.trim(), inside(e)]),
    dots: [...svg.querySelectorAll('circle')].map(e => [+e.getAttribute('cy'), inside(e), getComputedStyle(e).fill]),
    lines: lines.map(e => [e.points.length, inside(e)]),
    keys: [...document.querySelectorAll(arguments[0] + ' .key')]
        .map(e => getComputedStyle(e, '::before').backgroundColor),
};
"""

# How the page fits its window: widths of both, what sticks out of it though it has no scrollbar of its own, whether each
# element that is to be seen whole is, and the least size of a chart's text on the screen.
FIT = """
const within = e => e.closest('.scroll > *, pre > *') || e.getBoundingClientRect().right <= window.innerWidth + 0.5;
const isWhole = e => e.scrollWidth <= e.clientWidth;
const size = e => parseFloat(getComputedStyle(e).fontSize) * e.ownerSVGElement.getScreenCTM().a;
return [
    window.innerWidth,
    document.documentElement.scrollWidth,
    [...document.querySelectorAll('body *')].filter(e => !within(e)).map(e => e.outerHTML.slice(0, 120)),
    [...document.querySelectorAll(arguments[0])].map(e => isWhole(e.parentElement)),
    Math.min(...[...document.querySelectorAll('svg text')].map(size)),
];
"""


def check_places(places, numbers, name):
    """Heights of points are a linear function of what they show, the larger the higher."""
    equal(len(places), len(numbers), f"points of the chart {name}")
    if not numbers:
        return
    low, high = numbers.index(min(numbers)), numbers.index(max(numbers))
    holds(places[high] < places[low], f"the larger number of {name} lies higher")
    slope = (places[high] - places[low]) / (numbers[high] - numbers[low])
    for place, number in zip(places, numbers):
        wanted = places[low] + slope * (number - numbers[low])
        holds(abs(place - wanted) <= ROUNDING, f"{number} of {name} lies at {wanted}, and not at {place}")


def check_fit(driver, width, whole):
    inner, page, wide, seen, text = driver.execute_script(FIT, whole)
    equal(inner, width, "width of the window")
    holds(page <= width, f"the page is no wider than its window of {width}: {page}")
    equal(wide, [], f"elements beyond a window of {width}")
    holds(seen and all(seen), f"{whole} is seen whole in a window of {width}")
    holds(text >= LEAST_TEXT, f"the text of charts can be read in a window of {width}: {text} pixels")


def check_contrast(driver, theme):
    script = pathlib.Path(__file__).with_name("contrast.js").read_text()
    equal(driver.execute_script(script, CONTRAST), [], f"text that can hardly be read on a {theme} machine")


def check_silence(driver, address):
    """The page asks for nothing, runs nothing, and nothing complains."""
    equal(driver.get_log("browser"), [], "messages on the console")
    equal(browser.asked_for(driver), {address}, "what was asked for")
    equal(evaluate(driver, "document.scripts.length"), 0, "scripts")


def check_looks(driver, pictures, whole):
    """In windows wide and narrow, on machines light and dark; what the selector `whole` finds is seen without scrolling."""
    grounds = set()
    for width in (WIDE, NARROW):
        for theme in ("light", "dark"):
            browser.resize(driver, width, HEIGHT)
            browser.theme(driver, theme)
            check_fit(driver, width, whole)
            check_contrast(driver, theme)
            grounds.add(evaluate(driver, "getComputedStyle(document.body).backgroundColor"))
            if pictures:
                browser.screenshot(driver, pictures / f"{width}-{theme}.png")
    equal(len(grounds), 2, "grounds of a light and a dark page")
