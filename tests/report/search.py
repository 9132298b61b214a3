"""Does `search.html` show a person what it should? Opened in headless Chromium.

    python search.py target/debug/effnet [FOLDER FOR SCREENSHOTS]

needs what `page.py` needs. No search has run: `ledger.py` makes ledgers up.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import browser
import ledger
from browser import cells, evaluate, texts
from looks import HEIGHT, ROUNDING, WIDE, check_looks, check_places, check_silence
from training import equal, holds

TRIALS = 60

# As many of the trials are listed.
LISTED = 50

# The marks of a plot: class, place, radius, what is told when they are pointed at, and whether they lie within.
MARKS = """
const svg = document.querySelector(arguments[0] + ' svg'), frame = svg.getBoundingClientRect();
const inside = e => {
    const r = e.getBoundingClientRect();
    return r.left >= frame.left - 1 && r.right <= frame.right + 1 && r.top >= frame.top - 1 && r.bottom <= frame.bottom + 1;
};
return {
    name: [svg.getAttribute('role'), svg.getAttribute('aria-label')],
    texts: [...svg.querySelectorAll('text')].map(e => [e.textContent.trim(), inside(e)]),
    circles: [...svg.querySelectorAll('circle')].map(e => ({
        kind: e.getAttribute('class'), x: +e.getAttribute('cx'), y: +e.getAttribute('cy'), r: +e.getAttribute('r'),
        told: e.textContent, inside: inside(e), seen: e.getBoundingClientRect().width > 2,
    })),
};
"""


def front(measured):
    """Trials that no other beats in accuracy and time, by time."""
    sides = {number: (figures["time"], -figures["accuracy"]) for number, (figures, _, _) in measured.items()}
    beats = lambda one, other: one != other and one[0] <= other[0] and one[1] <= other[1]
    kept = [number for number, side in sides.items() if not any(beats(other, side) for other in sides.values())]
    return sorted(kept, key=lambda number: sides[number])


def check_heading(driver, measured, best):
    figures, reward, _ = measured[best]
    equal(driver.title, "b0 · search report", "title")
    equal(texts(driver, "#best-reward"), [f"{reward:.4f}"], "best reward")
    tiles = dict(zip(texts(driver, ".tiles dt"), texts(driver, ".tiles dd:not(.aside)")))
    equal(tiles["Its accuracy"], f"{100 * figures['accuracy']:.2f} %", "accuracy of the best")
    equal(tiles["Its time"], f"{figures['time']:.2f} ×", "time of the best")
    equal(tiles["Trials"], str(TRIALS - ledger.UNENDED), "trials that have ended")
    equal(tiles["To choose from"], "2.2 billion", "networks of the space")
    sections = ["Accuracy against time", "How the reward grew", "What each choice did", "The best network",
                "Trials by reward", "Trials that failed", "How to go on", "What was searched, and how"]
    equal(texts(driver, "h2"), sections, "sections")


def check_marks(driver, plot, axes, count):
    """Each trial has one mark, which names it; returns them by the trial's number."""
    marks = driver.execute_script(MARKS, plot)
    equal(marks["name"][0], "img", f"role of {plot}")
    holds(len(marks["name"][1]) > 10, f"{plot} has a text alternative: {marks['name']}")
    labels = [text for text, _ in marks["texts"]]
    holds(set(axes) <= set(labels), f"{plot} has axes {axes}: {labels}")
    equal([text for text, inside in marks["texts"] if not inside], [], f"texts beyond {plot}")
    equal(len(marks["circles"]), count, f"marks of {plot}")
    holds(all(mark["inside"] and mark["seen"] for mark in marks["circles"]), f"the marks of {plot} are seen within it")
    named = {int(re.match(r"Trial (\d+): ", mark["told"])[1]): mark for mark in marks["circles"]}
    equal(len(named), count, f"trials that the marks of {plot} name")
    return named, labels


def check_front(driver, measured, best):
    axes = ["accuracy in %", "time of a training step, in times of the reference's"]
    marks, labels = check_marks(driver, "#chart-front", axes, len(measured))
    near = [number for number in measured if number != ledger.FAR]
    accuracies = [measured[number][0]["accuracy"] for number in near]
    check_places([marks[number]["y"] for number in near], accuracies, "accuracy")
    # Places count from the left here, and from the top there.
    check_places([-marks[number]["x"] for number in near], [measured[number][0]["time"] for number in near], "time")
    holds(marks[ledger.FAR]["y"] >= max(marks[number]["y"] for number in near), "a far trial is at the lower edge")
    largest = max(near, key=lambda number: measured[number][0]["params"])
    for number in near:
        share = measured[number][0]["params"] / measured[largest][0]["params"]
        wanted = max(share**0.5 * marks[largest]["r"], min(mark["r"] for mark in marks.values()))
        holds(abs(marks[number]["r"] - wanted) < ROUNDING / 4, f"the area of trial {number} is its parameters'")
    wanted = front(measured)
    kinds = {kind: sorted(n for n, mark in marks.items() if mark["kind"] == kind) for kind in ("best", "front", "other")}
    equal(kinds["best"], [best], "the best one's mark")
    equal(kinds["front"], sorted({*wanted} - {best}), "marks of those that no other beats")
    equal([int(row[0]) for row in cells(driver, "#front-table tbody tr")], wanted, "table of those that no other beats")
    holds({str(number) for number in wanted} <= set(labels), f"they are labelled: {labels}")


def check_growth(driver, measured, best):
    marks, _ = check_marks(driver, "#chart-growth", ["trial", "reward"], len(measured))
    near = [number for number in measured if number != ledger.FAR]
    check_places([marks[number]["y"] for number in near], [measured[number][1] for number in near], "reward")
    records, highest = [], float("-inf")
    for number, (_, reward, _) in measured.items():
        if reward > highest:
            records, highest = [*records, number], reward
    equal([int(row[0]) for row in cells(driver, "#records tbody tr")], records, "records")
    equal(records[-1], best, "the last record")


def check_effects(driver, measured):
    """Means and counts of each choice, and bars that lead to the side of the mean where they belong."""
    bars = evaluate(driver, """[...document.querySelectorAll('.effect')].map(table =>
        [...table.tBodies[0].rows].map(row => [
            ...[...row.cells].map(cell => cell.innerText.trim()),
            ['--from', '--to'].map(end => parseFloat(row.querySelector('.lead').style.getPropertyValue(end))),
            row.querySelector('.lead').getBoundingClientRect().width,
        ]))""")
    genes = [gene for gene in range(5 * ledger.STAGES) if ledger.CHOICES[gene % 5] > 1]
    equal(len(bars), len(genes), "choices with effects")
    mean = sum(reward for _, reward, _ in measured.values()) / len(measured)
    for gene, rows in zip(genes, bars):
        equal(len(rows), ledger.CHOICES[gene % 5], f"choices of gene {gene}")
        for choice, (_, _, shown, trials, (start, end), width) in enumerate(rows):
            rewards = [reward for _, reward, genes in measured.values() if genes[gene] == choice]
            equal(trials, f"{len(rewards)} trials", f"trials with choice {choice} of gene {gene}")
            equal(shown, f"{sum(rewards) / len(rewards):.4f}", f"mean of choice {choice} of gene {gene}")
            is_above = sum(rewards) / len(rewards) > mean
            holds((start == 50) if is_above else (end == 50), f"the bar of {choice} of gene {gene} leads to its side")
            holds(width > 40, f"bars are seen: {width}")


def check_tables(driver, measured, best):
    ranked = sorted(measured, key=lambda number: -measured[number][1])
    rows = cells(driver, "#trials tbody tr")
    equal([int(row[0]) for row in rows], ranked[:LISTED], "trials by reward")
    equal(texts(driver, "#rest")[0], f"And {len(measured) - LISTED} more: all are in trials.jsonl.", "trials not listed")
    figures, reward, genes = measured[best]
    wanted = [str(best), f"{reward:.4f}", f"{100 * figures['accuracy']:.2f} %", f"{figures['time']:.2f} ×",
              f"{figures['milliseconds']:.0f} ms"]
    equal(rows[0][:5], wanted, "figures of the best")
    operator, layers, kernel, expansion, _ = genes[:5]
    stage = f"{['mbconv', 'fused'][operator]} k{[3, 5][kernel]} e{[1, 4, 6][expansion]} ×{layers + 1}"
    equal(rows[0][8].split(), stage.split(), "first stage of the best")
    equal(len(cells(driver, "#best tbody tr")), ledger.STAGES, "stages of the best")
    equal([row[0] for row in cells(driver, "#failed tbody tr")], ["2", "1"], "failed trials by reason")
    bare = "[...document.querySelectorAll('table')].filter(table => !table.querySelector('thead th[scope=col]')).length"
    equal(evaluate(driver, bare), 0, "tables without headers")


def check_rest(driver, folder, best):
    commands = texts(driver, "pre.command")
    wanted = [f"effnet search --resume --output {folder}", f"effnet search show {best} --search {folder} --as macro",
              f"effnet search train {best} --search {folder}"]
    equal(commands, wanted, "commands")
    for summary in driver.find_elements("css selector", "summary"):
        summary.click()
    shown = texts(driver, "details pre")
    equal(shown[0], (folder / "search.toml").read_text().strip(), "settings")
    equal(shown[1], (folder / "space.toml").read_text().strip(), "space")


def opened(driver, effnet, folder):
    subprocess.run([effnet, "search", "report", "--search", str(folder)], check=True, stdout=subprocess.DEVNULL)
    browser.resize(driver, WIDE, HEIGHT)
    address = (folder / "search.html").as_uri()
    driver.get(address)
    return address


def check(driver, effnet, folder, pictures):
    measured = ledger.write(folder, TRIALS)
    address = opened(driver, effnet, folder)
    best = max(measured, key=lambda number: measured[number][1])
    check_heading(driver, measured, best)
    check_front(driver, measured, best)
    check_growth(driver, measured, best)
    check_effects(driver, measured)
    check_tables(driver, measured, best)
    check_looks(driver, pictures, "#front-table, #records")
    browser.resize(driver, WIDE, HEIGHT)
    check_rest(driver, folder, best)
    check_silence(driver, address)
    print(f"the report shows {len(measured)} trials, trial {best} best, as a person would see it")


def check_beginnings(driver, effnet, folder):
    """A search of which nothing can be shown yet, or ever."""
    failing = {number: "its loss is not finite" for number in range(3)}
    for name, trials, failing in (("none", 0, {}), ("failed", 3, failing)):
        ledger.write(folder / name, trials, failing=failing, unended=0)
        address = opened(driver, effnet, folder / name)
        equal(texts(driver, "#ranking p"), ["No trial has been trained yet."], f"ranking of {name}")
        equal(evaluate(driver, "document.querySelectorAll('svg').length"), 0, f"plots of {name}")
        check_silence(driver, address)


def main():
    effnet, pictures = sys.argv[1], [pathlib.Path(folder) for folder in sys.argv[2:]]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        driver = browser.start(folder / "profile")
        try:
            check(driver, effnet, folder / "search", pictures[0] if pictures else None)
            check_beginnings(driver, effnet, folder)
        finally:
            driver.quit()


main()
