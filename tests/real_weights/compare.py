"""Holds `effnet predict --json` of pictures to timm's answers.

    effnet predict … --json --top 1000 PICTURES… | python compare.py timm.json

The first class must be timm's, and each of timm's five probabilities is to be met within 0.02.
"""
import json
import os
import sys

MOST = 0.02
ESPRESSO = 967

with open(sys.argv[1]) as file:
    timm = json.load(file)
seen = {}
for line in sys.stdin:
    answer = json.loads(line)
    ours = {guess["index"]: guess["probability"] for guess in answer["top"]}
    name = os.path.basename(answer["path"])
    far = max(abs(ours[index] - probability) for index, probability in timm[name])
    first = max(ours, key=ours.get)
    print(f"{name:21} class {first:3} at {ours[first]:6.2%}, timm at {timm[name][0][1]:6.2%}; the five differ by at most {far:.4f}")
    seen[name] = first == timm[name][0][0] and far <= MOST
    if name == "coffee.png":
        seen[name] &= first == ESPRESSO
assert seen.keys() == timm.keys(), "not every picture was classified"
wrong = [name for name, right in seen.items() if not right]
sys.exit(f"further from timm than {MOST}, or with another first class: {', '.join(wrong)}" if wrong else 0)
