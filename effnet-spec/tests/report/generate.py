"""Writes torchsummary.txt: what torchsummary prints of WZMIAOMIAO's model with the test's table.

    python generate.py FOLDER

FOLDER holds `torchsummary.py` of github.com/sksq96/pytorch-summary and `model.py` of
github.com/WZMIAOMIAO/deep-learning-for-image-processing (pytorch_classification/Test11_efficientnetV2).
"""

import pathlib
import sys

sys.path.insert(0, sys.argv[1])
from model import EfficientNetV2
from torchsummary import summary_string

TABLE = [
    [1, 3, 1, 1, 8, 8, 0, 0],
    [2, 5, 2, 4, 8, 16, 0, 0],
    [2, 3, 2, 4, 16, 24, 1, 0.25],
    [1, 3, 1, 6, 24, 24, 1, 0],
]

model = EfficientNetV2(TABLE, num_classes=7, num_features=48)
# The package's releases leave the model itself out of the sum; its repository's head doesn't any more.
model.apply = lambda hook: [child.apply(hook) for child in model.children()]
text, _ = summary_string(model, (3, 45, 37), device="cpu")
pathlib.Path(__file__).with_name("torchsummary.txt").write_text(text)
