"""Runs an ONNX file by ONNX Runtime, OpenVINO and tract."""

import time

import numpy
import onnxruntime
import openvino
import tract


def session(file, optimised=True):
    """ONNX Runtime's, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def by_onnxruntime(file, images):
    return session(file).run(None, {"images": images})[0]


def by_openvino(file, images):
    model = openvino.Core().compile_model(str(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return next(iter(model({"images": images}).values()))


def by_tract(file, images):
    model = tract.onnx().load(str(file))
    kind = "u8" if images.dtype == numpy.uint8 else "f32"
    model.set_input_fact(0, ",".join(map(str, images.shape)) + f",{kind}")
    return model.into_model().into_runnable().run([images])[0].to_numpy()


RUNTIMES = {"ONNX Runtime": by_onnxruntime, "OpenVINO": by_openvino, "tract": by_tract}


def seconds(work):
    """Of the CPU, to the work's result and not to the end of its life."""
    begin = time.process_time()
    made = work()
    taken = time.process_time() - begin
    del made
    return taken
