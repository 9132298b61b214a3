"""Small checkpoints in every form in which `torch.save` leaves tensors, and files that hold none.

usage: generate.py   (writes beside itself; needs torch)
"""
from pathlib import Path
import torch
from torch import nn

here = Path(__file__).parent
count = lambda *shape: torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)


def save(name, thing, **options):
    torch.save(thing, here / name, **options)


# A convolution in channels-last layout, a view into a larger storage, a transposed one, an empty and a scalar one.
base = count(4, 6)
save("layouts.pth", {
    "channels_last": count(2, 3, 2, 2).to(memory_format=torch.channels_last),
    "view": base[1:3, 2:5],
    "transposed": base.t(),
    "empty": torch.zeros(0, 3),
    "scalar": torch.tensor(7.0),
    "parameter": nn.Parameter(count(3)),
})
save("formats.pth", {
    "half": count(5).half(), "bfloat16": count(5).bfloat16(), "double": count(5).double(), "float": count(5),
    "long": torch.arange(5),
})
# As training scripts save: the state dict among other things, from a model under DataParallel.
save("nested.pth", {"epoch": 3, "args": {"lr": 0.1}, "state_dict": {"module.a": count(2), "module.b": count(3)}})
save("legacy.pth", {"a": count(2)}, _use_new_zipfile_serialization=False)
save("no_tensors.pth", {"epoch": 3, "names": ["a", "b"]})
save("a_list.pth", [count(2)])
save("a_module.pth", nn.Linear(2, 3))
