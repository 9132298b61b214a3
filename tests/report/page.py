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
from looks import DRAWN, HEIGHT, WIDE, check_looks, check_places, check_silence
from training import CLASSES, EPOCHS, VALIDATION_IMAGES, equal, holds, metrics, train

# As many of the worst images are shown.
WORST = 24

# Each chart's axes, the columns of metrics.csv that it has lines of, and their names in its legend.
CHARTS = {
    "loss": (["epoch", "loss"], {"train_loss": "training", "val_loss": "validation"}),
    "accuracy": (["epoch", "accuracy in %"], {"val_top1": "top-1", "val_top5": "top-5"}),
    "rate": (["step", "rate"], {}),
    "size": (["step", "pixels"], {}),
}

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


def check(driver, run, pictures):
    rows, address = metrics(run), (run / "report.html").as_uri()
    equal(len(rows), EPOCHS, "epochs of the run")
    browser.resize(driver, WIDE, HEIGHT)
    driver.get(address)
    best = check_heading(driver, rows)
    for name, (axes, columns) in CHARTS.items():
        check_chart(driver, rows, name, axes, columns)
    check_worst(driver, check_confusion(driver, best))
    check_looks(driver, pictures, "#matrix")
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
