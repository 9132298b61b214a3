"""The peer's side of the real run: PyTorch and timm train EfficientNetV2-B0 by `recipe.toml`.

    python timm_train.py RECIPE FOLDER --seed N [--epochs N] [--threads N] [--workers N]

It prints one JSON object an epoch: `epoch`, `top1`, `ema_top1`, `seconds` of training and both evaluations.
"""

import argparse
import json
import math
import time
import tomllib

import timm
import torch
from timm.data import Mixup, create_transform
from timm.loss import SoftTargetCrossEntropy
from timm.optim import create_optimizer_v2
from timm.utils import ModelEmaV3
from torchvision.datasets import ImageFolder

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def loaders(recipe, folder, workers):
    augment, size = recipe["augment"], recipe["size"]
    policy = f"rand-m{augment['magnitude']:.0f}-n{augment['layers']}-p1.0"
    common = dict(interpolation="bicubic", mean=MEAN, std=STD)
    train = create_transform(
        size, is_training=True, scale=augment["scale"], ratio=augment["ratio"], hflip=augment["flip"],
        color_jitter=0.0, auto_augment=policy, **common)
    val = create_transform(recipe["eval_size"], crop_pct=1.0, **common)
    keep = dict(num_workers=workers, persistent_workers=workers > 0)
    return (
        torch.utils.data.DataLoader(ImageFolder(f"{folder}/train", train), recipe["batch"], shuffle=True, drop_last=True, **keep),
        torch.utils.data.DataLoader(ImageFolder(f"{folder}/val", val), recipe["batch"], **keep),
    )


def rate(recipe, steps):
    """The share of the highest rate in a step: linear warm-up, then a cosine to the floor."""
    warmup, floor = round(recipe["schedule"]["warmup"] * steps), recipe["schedule"]["floor"]

    def share(step):
        if step < warmup:
            return (step + 1) / warmup
        done = (step - warmup) / max(1, steps - warmup)
        return floor + (1 - floor) * (1 + math.cos(math.pi * done)) / 2

    return share


@torch.no_grad()
def top1(model, loader):
    model.eval()
    right = total = 0
    for images, labels in loader:
        found = model(images.contiguous(memory_format=torch.channels_last)).argmax(1)
        right, total = right + (found == labels).sum().item(), total + len(labels)
    return right / total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--epochs", type=int, help="stop after so many, of a schedule that is as long as the recipe's")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with open(options.recipe, "rb") as file:
        recipe = tomllib.load(file)
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    train, val = loaders(recipe, options.folder, options.workers)
    classes, regularise = len(train.dataset.classes), recipe["regularise"]
    model = timm.create_model(
        "tf_efficientnetv2_b0", num_classes=classes, drop_rate=regularise["dropout"],
        drop_path_rate=0.2 * regularise["drop_path_scale"]).to(memory_format=torch.channels_last)
    # The classifier starts as ours does: timm's own start, uniform within 1/sqrt(classes), is ten times as wide with nine
    # classes as with ImageNet's.
    torch.nn.init.normal_(model.classifier.weight, 0, 0.01)
    torch.nn.init.zeros_(model.classifier.bias)
    settings = recipe["optimizer"]
    optimizer = create_optimizer_v2(model, settings["kind"], lr=settings["lr"], weight_decay=settings["weight_decay"])
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate(recipe, recipe["epochs"] * len(train)))
    mix = Mixup(recipe["augment"]["mixup"], mode="elem", label_smoothing=regularise["label_smoothing"],
                num_classes=classes)
    loss_of, average = SoftTargetCrossEntropy(), ModelEmaV3(model, decay=recipe["ema"]["decay"], use_warmup=True)
    step = 0
    for epoch in range(1, (options.epochs or recipe["epochs"]) + 1):
        start = time.perf_counter()
        model.train()
        for images, labels in train:
            images, targets = mix(images, labels)
            optimizer.zero_grad(set_to_none=True)
            loss_of(model(images.contiguous(memory_format=torch.channels_last)), targets).backward()
            optimizer.step()
            schedule.step()
            step += 1
            average.update(model, step)
        raw, averaged = top1(model, val), top1(average.module, val)
        seconds = time.perf_counter() - start
        print(json.dumps({"epoch": epoch, "top1": raw, "ema_top1": averaged, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
