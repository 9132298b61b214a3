"""The peer's side of the real runs: PyTorch and timm train a network by a recipe, from WEIGHTS or from scratch.

    python timm_train.py RECIPE FOLDER --model NAME --seed N [--weights FILE] [--epochs N] [--threads N] [--workers N]

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


def loaders(recipe, folder, workers, config):
    augment, size = recipe["augment"], recipe["size"]
    policy = f"rand-m{augment['magnitude']:.0f}-n{augment['layers']}-p1.0"
    common = dict(interpolation="bicubic", mean=config["mean"], std=config["std"])
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


def load(model, path):
    """Loads EfficientNet-PyTorch's checkpoint: its modules stand in the order of timm's. The classifier stays."""
    theirs, ours = torch.load(path, map_location="cpu", weights_only=True), model.state_dict()
    assert len(theirs) == len(ours)
    pairs = [(name, value) for name, value in zip(ours, theirs.values()) if not name.startswith("classifier.")]
    assert all(ours[name].shape == value.shape for name, value in pairs)
    model.load_state_dict(dict(pairs), strict=False)


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
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--epochs", type=int, help="stop after so many, of a schedule that is as long as the recipe's")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with open(options.recipe, "rb") as file:
        recipe = tomllib.load(file)
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    config = timm.get_pretrained_cfg(options.model).to_dict()
    train, val = loaders(recipe, options.folder, options.workers, config)
    classes, regularise = len(train.dataset.classes), recipe["regularise"]
    model = timm.create_model(
        options.model, num_classes=classes, drop_rate=regularise["dropout"],
        drop_path_rate=0.2 * regularise["drop_path_scale"]).to(memory_format=torch.channels_last)
    # The classifier starts as ours does: timm's own start, uniform within 1/sqrt(classes), is ten times as wide with nine
    # classes as with ImageNet's.
    torch.nn.init.normal_(model.classifier.weight, 0, 0.01)
    torch.nn.init.zeros_(model.classifier.bias)
    if options.weights:
        load(model, options.weights)
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
