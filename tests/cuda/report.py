"""Which kernels of ours ran in which thread orders: report.py RECORD KERNELS ORDER…

Fails when one of those that are in KERNELS, the library of all, did not run in one of the orders.
"""

import collections
import re
import subprocess
import sys

record, library, *orders = sys.argv[1:]
ran = collections.defaultdict(collections.Counter)
for line in open(record):
    name, order, launches = line.split()
    ran[name][order] += int(launches)

symbols = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
all_kernels = set(re.findall(r" T emu_(\w+)", symbols))
# Ours are named after their modules, whose objects lie beside the library.
ours = re.compile(r"^(" + "|".join(sorted(sys.stdin.read().split())) + r")_")
kernels = sorted(name for name in all_kernels if ours.match(name))
rows = collections.defaultdict(dict)
for name in kernels:
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
candles = [name for name in ran if name not in kernels]
print(f"{len(kernels)} kernels of ours and {len(candles)} of candle's ran in {len(orders)} thread orders")
if missing:
    sys.exit("did not run: " + ", ".join(missing))
