#!/usr/bin/env python3
"""Makes an image folder out of three packages of the npm registry: emoji by nine categories, split by who drew them.

    python benches/peers/real_run/emoji.py PACKAGES FOLDER

PACKAGES holds the packages' files, as `npm pack` leaves them:

- `emoji-datasource-google` 16.0.0: Google's Noto emoji (Apache 2.0), 64 px;
- `@lobehub/fluent-emoji-3d` 1.1.0: Microsoft's Fluent emoji (MIT), 256 px, made 64 px here;
- `emoji-datasource-twitter` 16.0.0: Twemoji (CC BY 4.0), 64 px.

An emoji that all three have becomes three pictures, on white. Google's and Microsoft's are for training, Twitter's for
validation: no picture of validation's hand has been seen before. Skin tones are left out, which would make most pictures
people. Classes are Unicode's categories, as the packages' own `emoji.json` gives them.
"""

import io
import json
import os
import sys
import tarfile

from PIL import Image

GOOGLE = "emoji-datasource-google-16.0.0.tgz"
FLUENT = "lobehub-fluent-emoji-3d-1.1.0.tgz"
TWITTER = "emoji-datasource-twitter-16.0.0.tgz"
SIZE = 64


def files(packages, package, folder):
    """The pictures below a folder of a package, by their code points."""
    with tarfile.open(os.path.join(packages, package)) as archive:
        found = {}
        for member in archive:
            place, name = os.path.split(member.name)
            if place == folder:
                found[os.path.splitext(name)[0]] = archive.extractfile(member).read()
    return found


def table(packages):
    with tarfile.open(os.path.join(packages, GOOGLE)) as archive:
        return json.load(archive.extractfile("package/emoji.json"))


def picture(data):
    """RGB on white, of SIZE pixels a side."""
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    if image.size != (SIZE, SIZE):
        image = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def main(packages, folder):
    google = files(packages, GOOGLE, "package/img/google/64")
    twitter = files(packages, TWITTER, "package/img/twitter/64")
    fluent = files(packages, FLUENT, "package/assets")
    counts = {"train": 0, "val": 0}
    for emoji in table(packages):
        code = os.path.splitext(emoji["image"])[0]
        # Fluent's names leave the variation selector out here and there.
        name = next((name for name in (code, code.replace("-fe0f", "")) if name in fluent), None)
        if emoji["category"] == "Component" or name is None or code not in google or code not in twitter:
            continue
        label = emoji["category"].lower().replace(" & ", "_and_").replace(" ", "_")
        drawn = (("train", "google", google[code]), ("train", "fluent", fluent[name]), ("val", "twitter", twitter[code]))
        for part, hand, data in drawn:
            place = os.path.join(folder, part, label)
            os.makedirs(place, exist_ok=True)
            picture(data).save(os.path.join(place, f"{hand}-{code}.png"))
            counts[part] += 1
    classes = len(os.listdir(os.path.join(folder, "train")))
    print(f"{classes} classes, {counts['train']} pictures for training, {counts['val']} for validation")


if __name__ == "__main__":
    main(*sys.argv[1:])
