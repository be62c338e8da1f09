"""nnU-Net v2's own training on the CPU: `medvol benchmark training peer=…` and `medvol benchmark startup peer=…`.

training_peer.py WORK: reads WORK/job.json. With task "prepare" it makes, in WORK, what nnU-Net trains on, from the
folder `data` by `plans` (a plans.json); with task "train" it starts there, anew, and writes to WORK/peer.json when (in
seconds since 1970) it stood where, and what each of `steps` steps waited for its batch and took in all. Trainer, data
loader with its worker processes, augmentation and threads are what `nnUNetv2_train -device cpu` takes.
"""
import json
import multiprocessing
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

from nnunet_raw import NAME, raw_folder, use_folders


def prepare(work, job):
    from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
    raw_folder(Path(job["data"]), work)
    folder = work / "preprocessed" / NAME
    folder.mkdir(parents=True)
    processes = multiprocessing.cpu_count()
    DatasetFingerprintExtractor(4, processes).run(overwrite_existing=True)
    (folder / "nnUNetPlans.json").write_text(json.dumps(job["plans"] | {"dataset_name": NAME}))
    (folder / "dataset.json").write_text((work / "raw" / NAME / "dataset.json").read_text())
    DefaultPreprocessor(verbose=False).run(4, "3d_fullres", "nnUNetPlans", processes)
    return {}


def train(work, job):
    import torch
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    moments = {"imported": time.time()}
    folder = work / "preprocessed" / NAME
    torch.set_num_threads(multiprocessing.cpu_count())
    plans = json.loads((folder / "nnUNetPlans.json").read_text())
    plans["continue_training"] = False  # get_trainer_from_args of nnU-Net 2.8 puts it there
    trainer = nnUNetTrainer(plans, "3d_fullres", "all", json.loads((folder / "dataset.json").read_text()),
                            device=torch.device("cpu"))
    trainer.on_train_start()
    trainer.on_epoch_start()
    trainer.on_train_epoch_start()
    moments["ready"] = time.time()
    waits, seconds = [], []
    for _ in range(job["steps"]):
        start = time.perf_counter()
        batch = next(trainer.dataloader_train)
        waits.append(time.perf_counter() - start)
        trainer.train_step(batch)
        seconds.append(time.perf_counter() - start)
    peers = ("nnunetv2", "batchgeneratorsv2", "torch")
    return {"versions": {peer: version(peer) for peer in peers}, "threads": torch.get_num_threads(),
            "parameters": sum(one.numel() for one in trainer.network.parameters()),
            "moments": moments, "waits": waits, "seconds": seconds}


def main():
    work = Path(sys.argv[1])
    job = json.loads((work / "job.json").read_text())
    use_folders(work)
    result = {"prepare": prepare, "train": train}[job["task"]](work, job)
    (work / "peer.json").write_text(json.dumps(result))
    sys.stdout.flush()
    os._exit(0)  # the loader's workers do not end by themselves


if __name__ == "__main__":
    main()
