"""Prints, as the hexadecimal text of tensor_archive_test.cpp, the file that Python's safetensors writes.

    pip install safetensors numpy && python3 make_golden_safetensors.py
"""
import numpy
import safetensors.numpy

tensors = {
    "weight": numpy.array([[1.5, -2.0, 0.25], [3.0, 1e-3, -7.0]], dtype=numpy.float32),
    "half": numpy.array([0.5, -1.0, 65504.0], dtype=numpy.float16),
    "labels": numpy.array([0, 1, 255], dtype=numpy.uint8),
    "flag": numpy.array([True, False]),
    "step": numpy.array(123456789012, dtype=numpy.int64),
}
content = safetensors.numpy.save(tensors, metadata={"made by": "safetensors"})
text = content.hex()
for begin in range(0, len(text), 110):
    print(f'    "{text[begin:begin + 110]}"')
