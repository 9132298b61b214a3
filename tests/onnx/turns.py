"""Does ONNX Runtime load one file faster than another, and run it as fast?

    python turns.py OURS TIMM

Pairs in turns on one thread, at 224 px, in seconds of the CPU, which neighbours disturb less; ratios of medians, and
the interval that nine of ten resamplings of the pairs lie in, which must reach the bound. A load of B0 writes to 130
MB of pages, whichever file it is. The system hands them out anew unless the heap has kept those of the load before,
and whether it had was chance: it moved the ratio from 0.55 to 0.9. Here the heap keeps them, in several processes,
since its layout moves the ratio by 0.02. The first load of a process, all of whose pages are new, is told too.
"""

import ctypes
import multiprocessing
import statistics
import sys

import numpy

from runtimes import seconds, session

PROCESSES, PAIRS, WARM_UPS, FIRST_LOADS = 5, 12, 3, 11
LOADING, RUNNING = 0.6, 1.02


def keep_pages():
    """Lets glibc's heap return no memory to the system: neither what lies at its end, nor blocks of up to 32 MiB."""
    m_trim_threshold, m_mmap_threshold = -1, -3
    mallopt = ctypes.CDLL(None).mallopt
    assert mallopt(m_trim_threshold, 1 << 30) and mallopt(m_mmap_threshold, 1 << 25)


def loads(ours, theirs):
    """Seconds of pairs of loads."""
    keep_pages()
    pairs = [[seconds(lambda: session(file)) for file in [ours, theirs]] for _ in range(WARM_UPS + PAIRS)]
    return pairs[WARM_UPS:]


def first_load(file):
    """Seconds of the first load of a process."""
    return seconds(lambda: session(file))


def in_new_process(work, *files):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, files)


def hold(name, pairs, bound):
    pairs = 1e3 * numpy.array(pairs)
    draws = numpy.random.default_rng(0).integers(0, len(pairs), (2000, len(pairs)))
    medians = numpy.median(pairs[draws], axis=1)
    low, high = numpy.quantile(medians[:, 0] / medians[:, 1], [0.05, 0.95])
    ours, theirs = numpy.median(pairs, axis=0)
    print(
        f"{name}, {len(pairs)} pairs: {ours:.1f} ms, timm's {theirs:.1f} ms: {ours / theirs:.3f} of it "
        f"({low:.3f} to {high:.3f}); at most {bound}",
        flush=True,
    )
    assert low <= bound, name


def main(*files):
    firsts = [statistics.median(in_new_process(first_load, file) for _ in range(FIRST_LOADS)) for file in files]
    print(f"first load of a process: {firsts[0] / firsts[1]:.2f} of timm's")
    hold("loading", sum((in_new_process(loads, *files) for _ in range(PROCESSES)), []), LOADING)
    sessions = [session(file) for file in files]
    x = {"images": numpy.random.default_rng(0).standard_normal((1, 3, 224, 224)).astype(numpy.float32)}
    pairs = [[seconds(lambda: each.run(None, x)) for each in sessions] for _ in range(WARM_UPS + PROCESSES * PAIRS)]
    hold("running", pairs[WARM_UPS:], RUNNING)


if __name__ == "__main__":
    main(*sys.argv[1:])
