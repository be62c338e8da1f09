"""What each of nnU-Net's training transforms does to one image, over many draws: distributions_test.cpp compares.

nnunetv2 2.8.1, batchgeneratorsv2 0.3.6, torch 2.11 (experiments/benchmarks/peers.txt). Run: python distributions.py
Writes distributions.txt, a line a step: transforms, step, nnU-Net's probability, draws, then mean and standard
deviation over the draws of: mean, deviation, smallest and largest value of the result, mean and root mean square of its
difference from the plain crop, share of voxels with label 1, share of voxels that changed.
"""
from pathlib import Path

import numpy as np
import torch
from batchgeneratorsv2.transforms.spatial.mirroring import MirrorTransform
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform
from batchgeneratorsv2.transforms.utils.random import OneOfTransform, RandomTransform
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from nnunetv2.training.nnUNetTrainer.variants.data_augmentation.nnUNetTrainerDA5 import nnUNetTrainerDA5

PATCH, BOX, DRAWS = 16, 25, 1500
NAMES = {"nnunet": ["noise", "blur", "brightness", "contrast", "low_resolution", "gamma_inverted", "gamma"],
         "nnunet_da5": ["right_angles", "transposition", ("median", "blur"), "noise", "brightness_shift",
                        ("contrast", "free_contrast"), "low_resolution", "gamma_inverted", "gamma", "cut_out",
                        "brightness_gradient", "local_gamma", "sharpening"]}


def source():
    z, y, x = (torch.arange(BOX, dtype=torch.float64).view(shape) for shape in ((-1, 1, 1), (1, -1, 1), (1, 1, -1)))
    index = (z * BOX + y) * BOX + x
    texture = torch.cos(0.4 * y) * torch.sin(0.3 * x + 1) + 0.2 * torch.sin(2.1 * index)
    channels = [torch.sin(0.5 * z + 0.9 * c) + texture for c in range(2)]
    labels = (z // 4 + y // 5 + x // 3) % 3
    return torch.stack(channels).float(), labels[None].to(torch.int16)


def steps_of(name, trainer):
    """(step, probability, transform that always fires) of the pipeline."""
    degrees = 30 * 2 * np.pi / 360
    composed = trainer.get_training_transforms(np.array([PATCH] * 3), (-degrees, degrees), None, (0, 1, 2), False)
    names = list(NAMES[name])
    for transform in composed.transforms:
        if isinstance(transform, SpatialTransform):
            for step, chance in (("rotation", "p_rotation"), ("scaling", "p_scaling")):
                probability = getattr(transform, chance)
                others = {"p_rotation": transform.p_rotation, "p_scaling": transform.p_scaling}
                transform.p_rotation = transform.p_scaling = 0
                setattr(transform, chance, 1)
                yield step, probability, transform
                transform.p_rotation, transform.p_scaling = others["p_rotation"], others["p_scaling"]
        elif isinstance(transform, MirrorTransform):
            yield "mirror", 0.5, transform
        elif isinstance(transform, OneOfTransform):
            either = names.pop(0)
            for step, one in zip(either, transform.list_of_transforms):
                yield step, one.apply_probability / len(either), one.transform
        elif isinstance(transform, RandomTransform):
            yield names.pop(0), transform.apply_probability, transform.transform
    assert not names


def main():
    torch.set_num_threads(1)
    image, labels = source()
    first = BOX // 2 - PATCH // 2
    middle = (slice(None),) + (slice(first, first + PATCH),) * 3
    lines = []
    for name, trainer in (("nnunet", nnUNetTrainer), ("nnunet_da5", nnUNetTrainerDA5)):
        for step, probability, transform in steps_of(name, trainer):
            np.random.seed(7)
            torch.manual_seed(7)
            values = []
            for _ in range(DRAWS):
                spatial = step in ("rotation", "scaling")
                sample = {"image": (image if spatial else image[middle]).clone(),
                          "segmentation": (labels if spatial else labels[middle]).clone()}
                result = transform(**sample)
                out, change = result["image"].double(), (result["image"] - image[middle]).double()
                values.append([out.mean(), out.std(correction=0), out.min(), out.max(), change.abs().mean(),
                               change.pow(2).mean().sqrt(), (result["segmentation"] == 1).double().mean(),
                               (change != 0).double().mean()])
            values = np.array(values)
            numbers = " ".join(f"{m:.6g} {s:.6g}" for m, s in zip(values.mean(0), values.std(0)))
            lines.append(f"{name} {step} {probability:.6g} {DRAWS} {numbers}")
            print(lines[-1])
    (Path(__file__).parent / "distributions.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
