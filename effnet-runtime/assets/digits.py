"""Writes digits.tar.gz: the 1,797 images of UCI optdigits that scikit-learn ships, as an image folder of PNG files.

Run from this folder with scikit-learn and Pillow installed: python digits.py

Grey levels 0..16 become 0..255. Of each class 36 images, drawn with a fixed seed, go to val/, the others to train/;
a file's number is the image's index in scikit-learn. The bytes depend on nothing but zlib and Pillow's PNG writer.
"""

import gzip
import io
import tarfile

import numpy
from PIL import Image
from sklearn.datasets import load_digits

VALIDATION_PER_CLASS = 36

digits = load_digits()
order = numpy.random.RandomState(0).permutation(len(digits.target))
validation = {
    int(index)
    for digit in range(10)
    for index in [i for i in order if digits.target[i] == digit][:VALIDATION_PER_CLASS]
}

files = {}
for index, (image, digit) in enumerate(zip(digits.images, digits.target)):
    png = io.BytesIO()
    Image.fromarray(numpy.rint(image * 255 / 16).astype("uint8")).save(png, "PNG", optimize=True)
    part = "val" if index in validation else "train"
    files[f"{part}/{digit}/{index:04d}.png"] = png.getvalue()

archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
    for path, content in sorted(files.items()):
        entry = tarfile.TarInfo(path)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))

with open("digits.tar.gz", "wb") as out:
    out.write(gzip.compress(archive.getvalue(), 9, mtime=0))
print(len(files), "images,", len(validation), "for validation")
