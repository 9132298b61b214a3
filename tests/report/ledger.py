"""A search that never ran: a folder with a ledger of made-up trials."""

import json
import pathlib
import random
import shutil
import tomllib

HERE = pathlib.Path(__file__).parent
SPACE = HERE.parents[1] / "effnet-runtime/spaces/b0.toml"

# Choices of each stage's operator, layers, kernel, expansion and width in that space.
CHOICES = [2, 3, 2, 3, 1]
STAGES = 6

# A trial that is far less accurate than the others, and those that fail or do not end.
FAR = 17
FAILED = {5: "its training step takes 612.4 ms, over the space's limit of 600 ms", 9: "its loss is not finite",
          23: "its training step takes 801.25 ms, over the space's limit of 600 ms"}
UNENDED = 2


def networks():
    """Genes of networks, the same ones each time."""
    draw = random.Random(21)
    while True:
        yield [draw.randrange(choices) for _ in range(STAGES) for choices in CHOICES]


def outcome(number, genes, epochs):
    """Figures that depend on the genes, with some noise."""
    noise = random.Random(number).gauss(0, 1)
    operators, layers, kernels, expansions, _ = [[*genes[place::5]] for place in range(5)]
    depth = sum(layers) + STAGES
    params = int(2e5 * sum((1 + stage) * (1 + layer) * [1, 3, 5][expansion] * (1 + fused) / 2
                           for stage, (layer, expansion, fused) in enumerate(zip(layers, expansions, operators))) / 6)
    time = 0.35 + 0.06 * depth + 0.1 * sum(kernels) / 2 + 0.12 * sum(expansions) / 3 - 0.05 * sum(operators[:3])
    time = max(0.3, time + 0.02 * noise)
    accuracy = 0.88 + 0.006 * sum(expansions) / 2 + 0.012 * operators[0] + 0.01 * kernels[3] + 0.003 * layers[4]
    accuracy += 0.012 * noise + 0.01 * (epochs - 1)
    accuracy = 0.31 if number == FAR else min(accuracy, 0.995)
    figures = {"accuracy": accuracy, "time": time, "milliseconds": 160 * time, "params": params, "macs": 20 * params}
    return figures, accuracy * time**-0.07 * (params / 1e6) ** -0.05


def write(folder, trials, failing=FAILED, unended=UNENDED, sampler="random", rungs=()):
    """Makes the folder of a search of so many trials; returns the figures and the reward of each that was measured.

    `rungs` are numbers of a second and further rungs' trials, each of more epochs than that before."""
    folder.mkdir(parents=True)
    settings = (HERE / "search.toml").read_text()
    total = trials + sum(rungs)
    settings = settings.replace('sampler = "random"', f'sampler = "{sampler}"').replace("samples = 60", f"samples = {max(trials, 1)}")
    tomllib.loads(settings)
    (folder / "search.toml").write_text(settings)
    shutil.copy(SPACE, folder / "space.toml")
    measured, lines, rung, drawn = {}, [], [], networks()
    epochs = [1] * trials + [3 ** (1 + place) for place, number in enumerate(rungs) for _ in range(number)]
    parents = []
    for number in range(total):
        if number and epochs[number] > epochs[number - 1]:
            parents, rung = sorted(rung, key=lambda trial: -measured[trial][1]), []
        genes, parent = (next(drawn), None) if epochs[number] == 1 else (measured[parents[0]][2], parents.pop(0))
        proposal = {"genes": genes, "epochs": epochs[number], "refused": 1 if number % 20 == 3 else 0}
        if parent is not None:
            proposal["parent"] = parent
        lines.append({"event": "begun", "trial": number, "proposal": proposal, "table": ""})
        if number in failing:
            end = {"failed": {"reason": failing[number]}}
        elif number >= total - unended:
            continue
        else:
            figures, reward = outcome(number, genes, epochs[number])
            measured[number] = (figures, reward, genes)
            rung.append(number)
            end = {"measured": {"outcome": figures, "reward": reward}}
        lines.append({"event": "ended", "trial": number, "end": end, "seconds": 1.0})
    (folder / "trials.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return measured
