#!/usr/bin/env python3
"""Compares effnet with PyTorch, ONNX Runtime and OpenVINO on this machine, taking turns with them.

First step, in an environment of its own (PyPI, some 3 GB):

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install torch timm onnx onnxscript onnxruntime openvino

then, from the repository's root:

    cargo build --release -p effnet-models
    /tmp/peers/bin/python benches/peers/compare.py infer --variant s --size 384

In each round every side has its turn: a few runs after a warm-up, with nothing else running. What is printed is each
side's median over all rounds, and the ratio of ours to it. Random weights on both sides; the networks have the same
table, the same padding and the same number of parameters.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

MODELS = {
    "s": "efficientnetv2_s", "m": "efficientnetv2_m", "l": "efficientnetv2_l", "xl": "efficientnetv2_xl",
    "b0": "tf_efficientnetv2_b0", "b1": "tf_efficientnetv2_b1", "b2": "tf_efficientnetv2_b2", "b3": "tf_efficientnetv2_b3",
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["infer", "train", "start"])
    parser.add_argument("--variant", choices=sorted(MODELS), default="s")
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--runs", type=int, default=5, help="of each side in a round")
    parser.add_argument("--peers", default=None, help="comma-separated: torch,compile,onnxruntime,openvino")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="cuda: PyTorch alone is compared with")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32", help="bf16: PyTorch's autocast, OpenVINO's hint; ONNX Runtime stays f32")
    parser.add_argument("--binary", default="target/release/effnet")
    return parser.parse_args()


def onnx_file(torch, timm, name, size, folder):
    path = os.path.join(folder, "model.onnx")
    model = timm.create_model(name, exportable=True).eval()
    torch.onnx.export(
        model, (torch.randn(1, 3, size, size),), path, dynamo=False, opset_version=17, input_names=["x"],
        output_names=["y"], dynamic_axes={"x": {0: "n", 2: "h", 3: "w"}, "y": {0: "n"}})
    return path


def inference_peers(options, names, folder):
    """Functions that run a batch once, by the peer's name."""
    import timm
    import torch

    torch.set_num_threads(options.threads)
    name, size = MODELS[options.variant], options.size
    x = torch.randn(options.batch, 3, size, size)
    peers = {}
    last = x.to(options.device).contiguous(memory_format=torch.channels_last)
    if "torch" in names:
        model = timm.create_model(name).eval().to(options.device, memory_format=torch.channels_last)
        peers["torch"] = lambda: model(last)
    if "compile" in names:
        # On the CPU it is faster in the other layout.
        layout = torch.channels_last if options.device == "cuda" else torch.contiguous_format
        compiled = torch.compile(timm.create_model(name).eval().to(options.device, memory_format=layout))
        other = last.contiguous(memory_format=layout)
        peers["compile"] = lambda: compiled(other)
    if {"onnxruntime", "openvino"} & set(names):
        path = onnx_file(torch, timm, name, size, folder)
        array = x.numpy()
        if "onnxruntime" in names:
            import onnxruntime

            settings = onnxruntime.SessionOptions()
            settings.intra_op_num_threads = options.threads
            # Its threads must not spin through the others' turns.
            settings.add_session_config_entry("session.force_spinning_stop", "1")
            session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
            peers["onnxruntime"] = lambda: session.run(None, {"x": array})
        if "openvino" in names:
            import openvino

            core = openvino.Core()
            model_ov = core.read_model(path)
            model_ov.reshape({"x": list(x.shape)})
            compiled_ov = core.compile_model(model_ov, "CPU", {
                "INFERENCE_NUM_THREADS": options.threads, "INFERENCE_PRECISION_HINT": options.precision,
                "PERFORMANCE_HINT": "LATENCY"})
            request = compiled_ov.create_infer_request()
            peers["openvino"] = lambda: request.infer({0: array})
    return peers, [torch.inference_mode()]


def training_peers(options, names):
    import timm
    import torch

    torch.set_num_threads(options.threads)
    peers = {}
    labels = (torch.arange(options.batch) % 1000).to(options.device)
    for peer in names:
        if peer not in ("torch", "compile"):
            continue
        model = timm.create_model(MODELS[options.variant], drop_path_rate=0.2, drop_rate=0.2).train()
        model = model.to(options.device, memory_format=torch.channels_last)
        x = torch.randn(options.batch, 3, options.size, options.size).to(options.device)
        x = x.contiguous(memory_format=torch.channels_last)
        run = torch.compile(model) if peer == "compile" else model
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=0.9, nesterov=True, weight_decay=1e-5)
        loss = torch.nn.CrossEntropyLoss(label_smoothing=0.1)

        def step(run=run, optimizer=optimizer, x=x):
            optimizer.zero_grad(set_to_none=True)
            with autocast(options):
                found = loss(run(x), labels)
            found.backward()
            optimizer.step()

        peers[peer] = step
    return peers, [torch.enable_grad()]


def autocast(options):
    import torch

    return torch.autocast(options.device, torch.bfloat16, enabled=options.precision == "bf16")


def ours(options):
    command = [options.binary, "bench", "--variant", options.variant, "--size", options.size, "--batch", options.batch,
               "--threads", options.threads, "--mode", options.mode, "--runs", options.runs, "--device", options.device,
               "--precision", options.precision, "--json"]
    output = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
    return json.loads(output)


def timed(run, runs, settle):
    # One run brings the peer's code and data back into the caches, as ours has its own warm-up.
    run()
    settle()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        settle()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def steady(options, folder):
    import torch

    default = {"infer": "torch,onnxruntime,openvino", "train": "torch"}[options.mode]
    default = "torch,compile" if options.device == "cuda" else default
    settle = torch.cuda.synchronize if options.device == "cuda" else lambda: None
    names = (options.peers or default).split(",")
    if options.mode == "infer":
        peers, modes = inference_peers(options, names, folder)
        modes.append(autocast(options))
    else:
        peers, modes = training_peers(options, names)
    times = {"effnet": []} | {name: [] for name in peers}
    about = {}
    with contextlib.ExitStack() as stack:
        for mode in modes:
            stack.enter_context(mode)
        for name in peers:
            timed(peers[name], 2, settle)
        for _ in range(options.rounds):
            # Threads of the peer before that still spin would take our cores.
            time.sleep(0.5)
            about = ours(options)
            # The command gives the median of its runs: as many of it as the peers have single runs.
            times["effnet"].extend([about["median_ms"]] * options.runs)
            for name, run in peers.items():
                time.sleep(0.2)
                times[name].extend(timed(run, options.runs, settle))
    return times, about


def start(options, folder):
    """From the start of a process to its first logits, weights read from a file."""
    import timm
    import torch

    path = onnx_file(torch, timm, MODELS[options.variant], options.size, folder)
    weights = os.path.join(folder, "weights.safetensors")
    from safetensors.torch import save_file

    model = timm.create_model(MODELS[options.variant])
    save_file({name: value for name, value in model.state_dict().items()}, weights)
    peer = (
        "import onnxruntime as o, numpy as n\n"
        f"s = o.SessionOptions(); s.intra_op_num_threads = {options.threads}\n"
        f"r = o.InferenceSession({path!r}, s, providers=['CPUExecutionProvider'])\n"
        f"r.run(None, {{'x': n.zeros(({options.batch}, 3, {options.size}, {options.size}), n.float32)}})\n")
    dialect = "timm-tf" if options.variant.startswith("b") else "timm"
    own = [options.binary, "bench", "--variant", options.variant, "--weights", weights, "--dialect", dialect, "--size",
           options.size, "--batch", options.batch, "--threads", options.threads, "--runs", 1, "--warm-up", 0, "--json"]
    times = {"effnet": [], "onnxruntime": []}
    about = {}
    for _ in range(options.rounds + 1):
        begin = time.perf_counter()
        output = subprocess.run([str(word) for word in own], check=True, capture_output=True, text=True).stdout
        times["effnet"].append((time.perf_counter() - begin) * 1e3)
        about = json.loads(output)
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", peer], check=True)
        times["onnxruntime"].append((time.perf_counter() - begin) * 1e3)
    # The first round reads the files into the system's cache.
    return {name: values[1:] for name, values in times.items()}, about


def main():
    options = arguments()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        times, about = start(options, folder) if options.mode == "start" else steady(options, folder)
    where = f"{options.threads} threads, kernels {about['simd']}" if options.device == "cpu" else options.device
    print(f"{options.mode}, {options.variant}, {options.size} px, batch {options.batch}, {options.precision}, {where}, "
          f"{options.rounds} rounds of {options.runs} runs")
    own = statistics.median(times["effnet"])
    for name, values in times.items():
        median = statistics.median(values)
        ratio = "" if name == "effnet" else f"  effnet takes {own / median:.3f} of it"
        print(f"{name:12s} median {median:9.2f} ms  min {min(values):9.2f} ms{ratio}")
    print(f"effnet's peak memory: {about['peak_rss_mib']:.0f} MiB")


if __name__ == "__main__":
    main()
