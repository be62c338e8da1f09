"""Runs ONNX files in onnxruntime, for tests/networks/export; needs numpy and onnxruntime only.

python run_onnx.py (MODEL.onnx INPUTS.safetensors OUTPUTS.safetensors)...

A file of inputs holds them under the model's names, a file of outputs likewise.
"""
import json
import struct
import sys

import numpy
import onnxruntime

TYPES = {"F32": numpy.float32, "F64": numpy.float64, "I64": numpy.int64, "I32": numpy.int32, "BOOL": numpy.bool_}
NAMES = {numpy.dtype(value): name for name, value in TYPES.items()}


def read(path):
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    data = content[8 + length :]
    return {
        name: numpy.frombuffer(data[slice(*item["data_offsets"])], TYPES[item["dtype"]]).reshape(item["shape"])
        for name, item in header.items()
    }


def write(path, arrays):
    header, data = {}, b""
    for name, array in arrays.items():
        content = numpy.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": NAMES[array.dtype], "shape": array.shape,
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
for model, inputs, outputs in zip(*[iter(sys.argv[1:])] * 3):
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        write(outputs, dict(zip(names, session.run(names, read(inputs)))))
    except Exception as error:
        sys.exit(f"{model}: {error}")
