"""What TorchIO's artefacts make of one small volume, each with explicit parameters: torchio_artefacts.json, which
scanner_artefacts_torchio_test.cpp compares medvol's with.

    python torchio_artefacts.py        (torchio as in experiments/benchmarks/peers.txt)

The volume is that of `volume()`, here and there. Indices in the file are medvol's, z, y, x; TorchIO's arrays are x, y, z.
"""
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
import torchio

SIZE = (12, 10, 14)
EVERY = 5  # so many values of each result, flat, are kept


def volume():
    """A structure of uneven brightness within an even surround, float32 [z, y, x]."""
    z, y, x = np.meshgrid(*[np.arange(n, dtype=np.float64) for n in SIZE], indexing="ij")
    inside = (3 <= z) & (z < 9) & (3 <= y) & (y < 7) & (4 <= x) & (x < 10)
    return np.where(inside, 2 + np.sin(0.9 * z + 0.3) * np.cos(0.7 * y) + 0.1 * x, 0.5).astype(np.float32)


def applied(transform, source=None):
    """On a grid of 1 mm whose axes are those of LPS and whose centre is the world's: Motion turns about that."""
    array = (volume() if source is None else source).transpose(2, 1, 0)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(array.shape) - 1) / 2)
    image = torchio.ScalarImage(tensor=torch.from_numpy(array.copy())[None], affine=affine)
    result = transform(image).data[0].numpy().transpose(2, 1, 0)
    return [float(f"{value:.7g}") for value in result.ravel()[::EVERY]]


def ghosting(axis, every, weakened):
    return {"axis": axis, "every": every, "weakened": weakened,
            "values": applied(torchio.Ghosting(every, 2 - axis, weakened, None))}


def spike(ratio, place):
    return {"ratio": ratio, "place": place, "values": applied(torchio.Spike(np.array([place[::-1]]), ratio))}


def bias_field(order):
    """Coefficients by the powers of z, y and x; TorchIO takes them with the power of x slowest."""
    coefficients = {}
    for x in range(order + 1):
        for y in range(order + 1 - x):
            for z in range(order + 1 - x - y):
                coefficients[z, y, x] = round(0.4 * np.cos(1 + 2 * len(coefficients)), 3)
    return {"order": order, "coefficients": [[*powers, value] for powers, value in coefficients.items()],
            "values": applied(torchio.BiasField(list(coefficients.values()), order))}


def anisotropy(axis, thickness):
    return {"axis": axis, "thickness": thickness,
            "values": applied(torchio.RandomAnisotropy(axes=(2 - axis,), downsampling=(thickness, thickness)))}


def rotation(degrees):
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*np.radians(degrees).tolist())
    return np.array(turn.GetMatrix()).reshape(3, 3)[::-1, ::-1].tolist()


def motion(times, degrees, translation):
    moved = torchio.Motion(np.array(degrees), np.array(translation), np.array(times), "linear")
    return {"axis": 0,  # TorchIO fills k-space along its last axis
            "movements": [{"time": time, "matrix": rotation(angles), "shift": shift[::-1]}
                          for time, angles, shift in zip(times, degrees, translation)],
            "values": applied(moved)}


def main():
    golden = {
        "torchio": version("torchio"), "every": EVERY,
        "input": [float(f"{value:.7g}") for value in volume().ravel()[::EVERY]],
        "ghosting": [ghosting(1, 3, 0.6), ghosting(2, 4, 1.0)],
        "spike": [spike(1.5, [0.55, 0.8, 0.3])],
        "bias_field": [bias_field(2), bias_field(3)],
        "anisotropy": [anisotropy(0, 3.0), anisotropy(2, 2.0)],
        "motion": [motion([0.3, 0.7], [[5.0, -8.0, 10.0], [3.0, 6.0, -4.0]], [[1.5, -1.0, 0.5], [-2.0, 1.0, 1.0]])]}
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
