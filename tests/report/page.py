"""Does `report.html` show a person what it should? Opened in headless Chromium.

    python page.py target/debug/effnet [FOLDER FOR SCREENSHOTS]

needs the package `selenium`, and the programs `chromium` and `chromedriver` (Debian: chromium, chromium-driver).
"""

import pathlib
import re
import sys
import tempfile

import browser
from browser import cells, evaluate, texts
from training import CLASSES, EPOCHS, VALIDATION_IMAGES, equal, holds, metrics, train

# Windows that a person may have, in CSS pixels.
WIDE, NARROW, HEIGHT = 1280, 400, 900

# The least contrast of text on its ground that WCAG 2.1 asks for (level AA).
CONTRAST = 4.5

# The least size of a chart's text that can be read, in CSS pixels.
LEAST_TEXT = 10

# Places in a chart are whole units: that of a point and those of the two that it is compared with.
ROUNDING = 2.0

# As many of the worst images are shown.
WORST = 24

# Each chart's axes, the columns of metrics.csv that it has lines of, and their names in its legend.
CHARTS = {
    "loss": (["epoch", "loss"], {"train_loss": "training", "val_loss": "validation"}),
    "accuracy": (["epoch", "accuracy in %"], {"val_top1": "top-1", "val_top5": "top-5"}),
    "rate": (["step", "rate"], {}),
    "size": (["step", "pixels"], {}),
}

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

# How the page fits its window: widths of both, what sticks out of it though it has no scrollbar of its own, whether the
# confusion matrix is seen whole, and the least size of a chart's text on the screen.
FIT = """
const within = e => e.closest('.scroll > *, pre > *') || e.getBoundingClientRect().right <= window.innerWidth + 0.5;
const matrix = document.querySelector('#matrix').parentElement;
const size = e => parseFloat(getComputedStyle(e).fontSize) * e.ownerSVGElement.getScreenCTM().a;
return [
    window.innerWidth,
    document.documentElement.scrollWidth,
    [...document.querySelectorAll('body *')].filter(e => !within(e)).map(e => e.outerHTML.slice(0, 120)),
    matrix.scrollWidth <= matrix.clientWidth,
    Math.min(...[...document.querySelectorAll('svg text')].map(size)),
];
"""


def check_heading(driver, rows):
    equal(driver.title, "tiny · training report", "title")
    equal(texts(driver, "h1"), ["tiny"], "heading")
    best = max(row["val_top1"] for row in rows)
    equal(texts(driver, "#best-top1"), [f"{100 * best:.2f} %"], "best top-1")
    holds("the bundled digits" in texts(driver, "header .of")[0], "the data set is named")
    sections = ["Curves", "Confusion", "Worst mistakes", "Architecture", "How to reproduce this run"]
    equal(texts(driver, "h2"), sections, "sections")
    return best


def check_chart(driver, rows, name, axes, columns):
    chart = f"#chart-{name}"
    drawn = driver.execute_script(DRAWN, chart)
    width, height = drawn["frame"]
    holds(width > 300 and height > 150, f"the chart {name} has a size: {width} × {height}")
    outside = [label for label, inside in drawn["labels"] if not inside]
    equal(outside, [], f"labels beyond the chart {name}")
    labels = [label for label, _ in drawn["labels"]]
    for axis in axes:
        holds(axis in labels, f"the chart {name} has an axis {axis}: {labels}")
    figures = [label for label in labels if re.fullmatch(r"[\d.,e-]+", label)]
    holds(len(figures) >= 5, f"the axes of {name} have figures: {labels}")
    equal(texts(driver, f"{chart} .key"), list(columns.values()), f"legend of {name}")
    holds(all(inside for _, inside in drawn["lines"]), f"the lines of {name} lie within it")
    holds(all(inside for _, inside, _ in drawn["dots"]), f"the points of {name} lie within it")
    if columns:
        equal([points for points, _ in drawn["lines"]], [len(rows)] * len(columns), f"points of the lines of {name}")
    else:
        holds(sum(points for points, _ in drawn["lines"]) >= 2, f"{name} has a line")
    numbers = [row[column] for column in columns for row in rows]
    check_places([place for place, _, _ in drawn["dots"]], numbers, name)
    equal([fill for _, _, fill in drawn["dots"]], [key for key in drawn["keys"] for _ in rows], f"colours of {name}")
    equal(len(set(drawn["keys"])), len(columns), f"colours in the legend of {name}")


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


def check_confusion(driver, best):
    names = [str(label) for label in range(CLASSES)]
    equal(cells(driver, "#matrix thead tr"), [["", *names]], "columns of the confusion matrix")
    matrix = cells(driver, "#matrix tbody tr")
    equal([row[0] for row in matrix], names, "rows of the confusion matrix")
    counts = [[0 if cell == "·" else int(cell) for cell in row[1:]] for row in matrix]
    equal([len(row) for row in counts], [CLASSES] * CLASSES, "cells of the confusion matrix")
    equal(sum(map(sum, counts)), VALIDATION_IMAGES, "images in the confusion matrix")
    right = sum(counts[label][label] for label in range(CLASSES))
    equal(f"{right / VALIDATION_IMAGES:.9f}", f"{best:.9f}", "share of images on the diagonal")
    for label, row in enumerate(cells(driver, "#classes tbody tr")):
        images, found = sum(counts[label]), counts[label][label]
        wanted = [str(label), str(images), str(found), f"{100 * found / images:.2f} %"]
        equal(row[:4], wanted, f"accuracy of class {label}")
    equal(len(texts(driver, "#classes tbody tr")), CLASSES, "rows of accuracies")
    return VALIDATION_IMAGES - right


def check_worst(driver, mistakes):
    pictures = evaluate(driver, """[...document.querySelectorAll('.pictures li')].map(item => {
        const image = item.querySelector('img');
        return [image.naturalWidth, image.getBoundingClientRect().width, image.src.slice(0, 5), item.innerText];
    })""")
    equal(len(pictures), min(WORST, mistakes), "worst mistakes")
    form = re.compile(r"found \d\s+(> )?[\d.]+ %\s+true \d\s+(< )?[\d.]+ %\s+\S+\.png")
    for loaded, shown, source, text in pictures:
        holds(loaded > 0 and shown > 50, f"the picture of {text!r} is loaded and seen: {loaded}, {shown}")
        equal(source, "data:", "where the picture comes from")
        holds(form.fullmatch(text), f"classes, probabilities and file are named: {text!r}")


def check_rest(driver, run, rows):
    parts = [row[0] for row in cells(driver, "#stages tbody tr")]
    equal(parts, ["stem", "1", "2", "3", "head"], "parts of the architecture")
    command = texts(driver, "pre.command")[0]
    wanted = rf"effnet train --table \S+/tiny\.table --config {re.escape(str(run))}/config\.toml"
    holds(re.fullmatch(wanted, command), f"the command is complete: {command}")
    # What is folded away opens without a script.
    for summary in driver.find_elements("css selector", "summary"):
        summary.click()
    equal(texts(driver, "details pre"), [(run / "config.toml").read_text().strip()], "settings")
    equal(len(texts(driver, "#epochs tbody tr")), len(rows), "epochs in figures")


def check_fit(driver, width):
    inner, page, wide, matrix, text = driver.execute_script(FIT)
    equal(inner, width, "width of the window")
    holds(page <= width, f"the page is no wider than its window of {width}: {page}")
    equal(wide, [], f"elements beyond a window of {width}")
    holds(matrix, f"the confusion matrix is seen whole in a window of {width}")
    holds(text >= LEAST_TEXT, f"the text of charts can be read in a window of {width}: {text} pixels")


def check_contrast(driver, theme):
    script = pathlib.Path(__file__).with_name("contrast.js").read_text()
    equal(driver.execute_script(script, CONTRAST), [], f"text that can hardly be read on a {theme} machine")


def check_silence(driver, address):
    """The page asks for nothing, runs nothing, and nothing complains."""
    equal(driver.get_log("browser"), [], "messages on the console")
    equal(browser.asked_for(driver), {address}, "what was asked for")
    equal(evaluate(driver, "document.scripts.length"), 0, "scripts")


def check_looks(driver, pictures):
    """In windows wide and narrow, on machines light and dark."""
    grounds = set()
    for width in (WIDE, NARROW):
        for theme in ("light", "dark"):
            browser.resize(driver, width, HEIGHT)
            browser.theme(driver, theme)
            check_fit(driver, width)
            check_contrast(driver, theme)
            grounds.add(evaluate(driver, "getComputedStyle(document.body).backgroundColor"))
            if pictures:
                browser.screenshot(driver, pictures / f"{width}-{theme}.png")
    equal(len(grounds), 2, "grounds of a light and a dark page")


def check(driver, run, pictures):
    rows, address = metrics(run), (run / "report.html").as_uri()
    equal(len(rows), EPOCHS, "epochs of the run")
    browser.resize(driver, WIDE, HEIGHT)
    driver.get(address)
    best = check_heading(driver, rows)
    for name, (axes, columns) in CHARTS.items():
        check_chart(driver, rows, name, axes, columns)
    check_worst(driver, check_confusion(driver, best))
    check_looks(driver, pictures)
    browser.resize(driver, WIDE, HEIGHT)
    check_rest(driver, run, rows)
    check_silence(driver, address)
    print(f"the report shows {len(rows)} epochs, best top-1 {100 * best:.2f} %, as a person would see it")


def main():
    effnet, pictures = sys.argv[1], [pathlib.Path(folder) for folder in sys.argv[2:]]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run = train(effnet, folder)
        driver = browser.start(folder / "profile")
        try:
            check(driver, run, pictures[0] if pictures else None)
        finally:
            driver.quit()


main()
