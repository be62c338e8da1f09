"""Peer values for resample_test.cpp and orientation_test.cpp, written beside this script.

pip install numpy==2.4.6 scipy==1.17.1 scikit-image==0.26.0 nibabel==5.4.2; python make_golden.py
"""
from pathlib import Path

import nibabel
import numpy as np
from scipy.ndimage import map_coordinates
from skimage.transform import resize

HERE = Path(__file__).parent


def resize_image(image, shape, order):
    return resize(image, shape, order, mode="edge", anti_aliasing=False, clip=True, preserve_range=True)


def resize_labels(labels, shape, order):
    """As batchgenerators does: the mask of each label in ascending order, kept where it reaches one half."""
    if order == 0:
        return resize_image(labels.astype(float), shape, 0).astype(labels.dtype)
    result = np.zeros(shape, labels.dtype)
    for label in np.unique(labels):
        result[resize_image((labels == label).astype(float), shape, order) >= 0.5] = label
    return result


def resample(data, shape, order, apart, resize_one):
    """As nnU-Net does: all axes at once, or slice by slice and nearest neighbour along `apart`."""
    if apart < 0:
        return resize_one(data, shape, order)
    in_plane = [n for axis, n in enumerate(shape) if axis != apart]
    slices = [resize_one(np.take(data, i, apart), in_plane, order) for i in range(data.shape[apart])]
    stacked = np.stack(slices, apart).astype(float)
    grid = np.mgrid[tuple(slice(n) for n in shape)]
    grid = [(i + 0.5) * n_in / n_out - 0.5 for i, n_in, n_out in zip(grid, stacked.shape, shape)]
    return map_coordinates(stacked, grid, order=0, mode="nearest")


def line(values, digits):
    return " ".join(f"{v:.{digits}f}" for v in np.ravel(values)) + "\n"


def write_resampling():
    random = np.random.default_rng(20261121)
    cases = [  # kind, order, axis apart (-1: none), shape, target
        ("image", 3, -1, (5, 7, 6), (8, 4, 9)),
        ("image", 3, -1, (4, 5, 6), (4, 11, 6)),
        ("image", 3, -1, (1, 6, 5), (1, 9, 11)),
        ("image", 3, -1, (2, 3, 17), (5, 2, 10)),
        ("image", 1, -1, (5, 7, 6), (8, 4, 9)),
        ("image", 0, -1, (5, 7, 6), (8, 4, 9)),
        ("image", 3, 0, (5, 7, 6), (8, 4, 9)),
        ("image", 3, 2, (5, 6, 4), (7, 8, 3)),
        ("image", 1, 1, (5, 6, 4), (7, 4, 8)),
        ("labels", 1, -1, (6, 7, 5), (9, 5, 11)),
        ("labels", 1, -1, (4, 4, 4), (8, 8, 8)),
        ("labels", 0, -1, (6, 7, 5), (9, 5, 11)),
        ("labels", 1, 0, (6, 7, 5), (9, 5, 11)),
    ]
    with open(HERE / "resampling.txt", "w") as file:
        for kind, order, apart, shape, target in cases:
            if kind == "image":
                # float32 as the reader gives, rescaled like a normalised image with one bright spot that splines overshoot at
                data = random.normal(size=shape).round(3)
                data.flat[data.size // 2] = 9
                result, digits = resample(data, target, order, apart, resize_image), 6
            else:
                data = random.integers(0, 4, size=shape)
                result, digits = resample(data, target, order, apart, resize_labels), 0
            file.write(f"{kind} {order} {apart} {' '.join(map(str, shape))} {' '.join(map(str, target))}\n")
            file.write(line(data, 3 if kind == "image" else 0) + line(result, digits))


def write_orientations():
    """direction (LPS, row-major), then for patient axis 0, 1, 2 its index axis and sign."""
    random = np.random.default_rng(7)
    with open(HERE / "orientations.txt", "w") as file:
        for case in range(40):
            rotation = np.linalg.qr(random.normal(size=(3, 3)))[0] * random.choice([-1, 1], size=3)
            if case % 4 == 3:
                rotation = rotation @ (np.eye(3) + np.triu(random.normal(size=(3, 3)) * 0.3, 1))  # sheared
            found = nibabel.io_orientation(np.vstack([np.hstack([rotation, np.zeros((3, 1))]), [0, 0, 0, 1]]))
            source, sign = [0] * 3, [0] * 3
            for index_axis, (patient_axis, direction) in enumerate(found.astype(int)):
                source[patient_axis], sign[patient_axis] = index_axis, direction
            file.write(line(rotation, 9).strip() + " " + " ".join(map(str, source + sign)) + "\n")


write_resampling()
write_orientations()
