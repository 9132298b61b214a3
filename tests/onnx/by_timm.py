"""Networks with random weights, as timm makes them."""

import timm
import torch
from safetensors.torch import save_file

from enliven import enliven


def of_timm(name, folder):
    """timm's network of a name, and the file with its weights."""
    torch.manual_seed(0)
    network = timm.create_model(name)
    enliven(network, torch.randn(4, 3, 208, 208))
    file = folder / f"{name}.safetensors"
    save_file(network.state_dict(), file)
    return network, file


def in_f64(network):
    """The logits of images as a function."""
    network = network.double()

    def logits(images):
        with torch.no_grad():
            return network(torch.from_numpy(images).double()).numpy()

    return logits
