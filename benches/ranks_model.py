#!/usr/bin/env python3
"""What the exchange of gradients costs of a training step, predicted: the model of docs/ranks.md and its tables.

    python3 benches/ranks_model.py

A step without exchange takes T, of which the share H is the way back behind the first gradients. Sums of B bytes in buckets of
b, over n ranks, take c(n). Where something else than the ranks' cores does them, they hide behind the way back, but for the last
bucket:

    T(n) = T + max(c of the last bucket, c(n) - H T)

Where ranks compute on every core, nothing hides, and what counts is the time that the sums and copies keep a core busy.
"""

import math

B = 85.8e6  # S with 1,000 classes, f32
BUCKET = 4 * 2**20
H = 0.6  # counted: docs/benchmarks/hopper.md has ways back of 31.0 of 53.9 ms
COPIES = 6  # passes of the gradients through memory: into a bucket, into messages, out of them, and into tensors again


def efficiency(step, ranks, sums):
    """Share of `ranks` times one rank's images per second."""
    buckets = math.ceil(B / BUCKET)
    whole = sum(sums(ranks, BUCKET) for _ in range(buckets - 1)) + sums(ranks, B - (buckets - 1) * BUCKET)
    return step / (step + max(sums(ranks, BUCKET), whole - H * step))


def hierarchical(ranks, size, inner=360e9, outer=50e9, node=8, hop=5e-6, far=15e-6):
    """Seconds to sum `size` bytes: by rings within nodes of NVLink, and between them by trees, each GPU by its own adapter."""
    inside = min(ranks, node)
    nodes = math.ceil(ranks / node)
    time = 2 * (inside - 1) / inside * size / inner + 2 * (inside - 1) * hop
    if nodes > 1:
        time += 2 * (nodes - 1) / nodes * size / (node * outer) + 2 * math.log2(nodes) * far
    return time


def slow(ranks, size):
    """The same between nodes of one GPU and 25 Gb/s Ethernet."""
    return hierarchical(ranks, size, inner=1e30, outer=25e9 / 8, node=1, hop=0, far=30e-6)


def main():
    print("measured here: a step of S at 300 px, 8 images a rank, 2 ranks of one thread, EPYC (Zen 5), TCP and MPI on loopback")
    memory = 10e9  # bytes a second, of one thread that copies: an assumption
    # Seconds that a rank's sums keep a core busy, by getrusage over 86 MB.
    for name, step, busy, measured in [("TCP", 1528.3e-3, 40e-3, 1.060), ("MPI", 1562.9e-3, 31e-3, 1.043)]:
        predicted = 1 + (busy + COPIES * B / memory) / step
        print(f"  {name}: predicted {predicted:.3f} times as long, measured {measured:.3f}")
    print("| GPUs | batch 128 a GPU, 8 × NVLink, 400 Gb/s a GPU | batch 32 | batch 128, one GPU a node, 25 Gb/s |")
    print("|---|---|---|---|")
    step = 48.9e-3  # S at 300 px, batch 128, bf16, on an H200: docs/benchmarks/hopper.md
    for ranks in [2, 4, 8, 16, 64, 256, 1024]:
        shares = [efficiency(step, ranks, hierarchical), efficiency(step / 4, ranks, hierarchical), efficiency(step, ranks, slow)]
        print(f"| {ranks:,} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")


main()
