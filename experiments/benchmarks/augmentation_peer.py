"""Seconds that nnU-Net's training transforms take for a sample on one core: `medvol benchmark augmentation peer=…`.

augmentation_peer.py WORK: reads WORK/job.json (patch, channels, box, samples, warmup, seed, transforms), WORK/image.f16
and WORK/labels.u8; writes WORK/peer.json.
"""
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import torch


def trainer_of(transforms):
    if transforms == "nnunet_da5":
        from nnunetv2.training.nnUNetTrainer.variants.data_augmentation.nnUNetTrainerDA5 import nnUNetTrainerDA5
        return nnUNetTrainerDA5
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    return nnUNetTrainer


def main():
    work = Path(sys.argv[1])
    job = json.load(open(work / "job.json"))
    torch.set_num_threads(1)
    np.random.seed(job["seed"])
    torch.manual_seed(job["seed"])
    degrees = 30 * 2 * np.pi / 360
    transforms = trainer_of(job["transforms"]).get_training_transforms(
        np.array(job["patch"]), (-degrees, degrees), None, (0, 1, 2), False)
    image = np.fromfile(work / "image.f16", dtype=np.float16).reshape([job["channels"]] + job["box"])
    labels = np.fromfile(work / "labels.u8", dtype=np.uint8).reshape([1] + job["box"])
    image, labels = torch.from_numpy(image.astype(np.float32)), torch.from_numpy(labels.astype(np.int16))
    seconds = []
    with torch.no_grad():
        for index in range(job["warmup"] + job["samples"]):
            sample = {"image": image.clone(), "segmentation": labels.clone()}  # transforms work in place
            start = time.perf_counter()
            result = transforms(**sample)
            seconds.append(time.perf_counter() - start)
            assert list(result["image"].shape) == [job["channels"]] + job["patch"]
    json.dump({"seconds": seconds[job["warmup"]:], "threads": torch.get_num_threads(),
               "versions": {name: version(name) for name in ("nnunetv2", "batchgeneratorsv2", "torch", "numpy")}},
              open(work / "peer.json", "w"))


if __name__ == "__main__":
    main()
