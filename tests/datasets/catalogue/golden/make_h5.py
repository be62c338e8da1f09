"""Writes cases.h5, the example of tests/datasets/catalogue/folders_test.cpp, as a user of h5py would.

    pip install h5py && python3 make_h5.py
"""
import h5py
import numpy

with h5py.File("cases.h5", "w") as file:
    for number, case in enumerate(("first", "second", "without")):
        voxels = numpy.arange(8 * 10 * 12, dtype=numpy.int16).reshape(8, 10, 12) + 100 * number
        if case == "second":  # two channels, fractions
            voxels = numpy.stack([voxels, -voxels]).astype(numpy.float64) / 4
        else:
            voxels = numpy.stack([voxels, voxels + 1])
        image = file.create_dataset(f"images/{case}", data=voxels, compression="gzip", chunks=True)
        image.attrs["spacing"] = [2.5, 0.75, 0.5]
        image.attrs["patient"] = "Smith" if case != "without" else "Jones"
        image.attrs["site"] = numpy.bytes_("north")
        image.attrs["phase"] = "arterial"
        if case == "second":
            image.attrs["origin"] = [10.0, -20.0, 30.0]
            image.attrs["direction"] = [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]
        if case != "without":
            labels = numpy.zeros((8, 10, 12), dtype=numpy.uint8)
            labels[1:3, 1:4, 2:5] = 1 + number
            file.create_dataset(f"labels/{case}", data=labels, compression="gzip")
