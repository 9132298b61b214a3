"""Which kernels of ours ran in which thread orders: report.py RECORD FOLDER ORDER…

RECORD is what the emulated driver left, FOLDER what tests/cuda/prepare made. Fails when one of our kernels, or one of the
convolutions of the stand-in for cuDNN, did not run in one of the orders.
"""

import collections
import pathlib
import re
import sys

record, folder, *orders = sys.argv[1:]
ran = collections.defaultdict(collections.Counter)
for line in open(record):
    name, order, launches = line.split()
    ran[name][order] += int(launches)

# Every module's kernels lie beside its object; candle's modules are named so.
modules = [path for path in pathlib.Path(folder, "objects").glob("*.entries") if not path.name.startswith("candle_")]
kernels = sorted(name for path in modules for name in re.findall(r"EMU_KERNEL\((\w+)\)", path.read_text()))
if not kernels:
    sys.exit(f"{folder} holds no kernels of ours: tests/cuda/prepare makes them")
convolutions = [
    f"cudnn_{direction}_{element}"
    for direction in ("forward", "backward_data", "backward_filter")
    for element in ("f32", "bf16")
]
rows = collections.defaultdict(dict)
for name in kernels + convolutions:
    base, _, element = name.rpartition("_")
    rows[base][element] = [ran[name][order] for order in orders]

missing = []
width = max(map(len, rows), default=0)
print(f"{'kernel':{width}}  launches in thread orders {', '.join(orders)}")
for base, elements in rows.items():
    cells = []
    for element, launches in sorted(elements.items()):
        cells.append(f"{element} {'/'.join(map(str, launches))}")
        missing += [f"{base}_{element} in order {order}" for order, count in zip(orders, launches) if count == 0]
    print(f"{base:{width}}  {'  '.join(cells)}")
candles = set(ran) - set(kernels) - set(convolutions)
counts = f"{len(kernels)} kernels of ours, {len(convolutions)} of cuDNN's and {len(candles)} of candle's"
print(f"{counts} ran in {len(orders)} thread orders")
if missing:
    sys.exit("did not run: " + ", ".join(missing))
