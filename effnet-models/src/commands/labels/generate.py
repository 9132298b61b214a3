"""Writes `imagenet.z`: the names of ImageNet's classes in the order of classifiers' outputs, from an installed timm
(1.0.31; Apache-2.0). The synsets and their lemmas are WordNet's.

A line is a class of Google's ImageNet-21k: how far its synset's number is from the one before it, a `*` in front where
ImageNet-1k has it too and a `+` where 1k alone has it (the teddy), a tab, and its lemmas. Both lists are in the order of
the numbers.
"""

import pathlib
import zlib

import timm.data

info = pathlib.Path(timm.data.__file__).parent / "_info"
small = (info / "imagenet_synsets.txt").read_text().split()
large = (info / "imagenet21k_goog_synsets.txt").read_text().split()
lemmas = dict(line.split("\t", 1) for line in (info / "imagenet_synset_to_lemma.txt").read_text().splitlines())
assert (len(small), len(large)) == (1000, 21843)
assert small == sorted(small) and large == sorted(large)

lines, before = [], 0
in_small, in_large = set(small), set(large)
for synset in sorted(in_small | in_large):
    number = int(synset[1:])
    mark = "" if synset not in in_small else "*" if synset in in_large else "+"
    lines.append(f"{mark}{number - before}\t{lemmas[synset]}\n")
    before = number
(pathlib.Path(__file__).parent / "imagenet.z").write_bytes(zlib.compress("".join(lines).encode(), 9))
