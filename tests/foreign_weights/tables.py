"""Tables of a user, in effnet's own form."""
import re
from pathlib import Path


def is_table(variant):
    return path(variant).exists()


def rows(variant):
    """Repeats, kernel, stride, expansion, channels in and out, operator and squeezed share of each row."""
    fields = [row.split(", ") for row in re.findall(r"\[(.*)\]", path(variant).read_text())]
    return [(*map(int, row[:6]), row[6], float(row[7])) for row in fields]


def path(variant):
    return Path(__file__).with_name(f"{variant}.table")
