"""How fast nnU-Net's data loader gives augmented training batches: `medvol benchmark loading peer=…`.

loading_peer.py WORK: reads WORK/job.json and WORK/case_<n>.f16, .u8; writes WORK/peer.json. The cases are stored
as nnU-Net stores them (blosc2); its worker processes are set up as its trainer does.
"""
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import torch


def write_cases(work, job, store, blocks):
    """As nnU-Net's preprocessor stores them."""
    folder = work / "nnunet"
    folder.mkdir()
    for n in range(job["cases"]):
        image = np.fromfile(work / f"case_{n}.f16", dtype=np.float16).reshape([job["channels"]] + job["size"])
        labels = np.fromfile(work / f"case_{n}.u8", dtype=np.uint8).reshape([1] + job["size"])
        image, labels = image.astype(np.float32), labels.astype(np.int16)
        places = {label: np.argwhere(labels == label)[:10000] for label in (1, 2, 3)}
        shapes = [blocks(array.shape, tuple(job["patch"]), array.itemsize) for array in (image, labels)]
        store.save_case(image, labels, {"class_locations": places}, str(folder / f"case_{n}"),
                        chunks=shapes[0][1], blocks=shapes[0][0], chunks_seg=shapes[1][1], blocks_seg=shapes[1][0])
    return folder


def main():
    work = Path(sys.argv[1])
    job = json.load(open(work / "job.json"))
    torch.set_num_threads(1)
    from batchgenerators.dataloading.nondet_multi_threaded_augmenter import NonDetMultiThreadedAugmenter
    from nnunetv2.training.dataloading.data_loader import nnUNetDataLoader
    from nnunetv2.training.dataloading.nnunet_dataset import comp_blosc2_params, nnUNetDatasetBlosc2
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    degrees = 30 * 2 * np.pi / 360
    transforms = nnUNetTrainer.get_training_transforms(
        np.array(job["patch"]), (-degrees, degrees), None, (0, 1, 2), False)
    labels = SimpleNamespace(all_labels=[0, 1, 2, 3], has_ignore_label=False)
    folder = write_cases(work, job, nnUNetDatasetBlosc2, comp_blosc2_params)
    dataset = nnUNetDatasetBlosc2(str(folder), [f"case_{n}" for n in range(job["cases"])])
    loader = nnUNetDataLoader(dataset, job["batch_size"], job["box"], job["patch"], labels,
                              oversample_foreground_percent=0.33, transforms=transforms)
    workers = job["workers"]
    batches = NonDetMultiThreadedAugmenter(data_loader=loader, transform=None, num_processes=workers,
                                           num_cached=max(6, workers // 2), seeds=None, pin_memory=False,
                                           wait_time=0.002)
    waits = []
    for n in range(job["warmup"] + job["batches"]):
        if n == job["warmup"]:
            begun = time.perf_counter()
        start = time.perf_counter()
        batch = next(batches)
        waits.append(time.perf_counter() - start)
        assert list(batch["data"].shape) == [job["batch_size"], job["channels"]] + job["patch"]
        time.sleep(job["step"])
    seconds = time.perf_counter() - begun
    peers = ("nnunetv2", "batchgenerators", "batchgeneratorsv2", "torch")
    json.dump({"waits": waits[job["warmup"]:], "batches_per_second": job["batches"] / seconds,
               "versions": {name: version(name) for name in peers}}, open(work / "peer.json", "w"))
    batches._finish()


if __name__ == "__main__":
    main()
