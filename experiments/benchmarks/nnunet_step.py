"""Seconds a training step of stock nnU-Net v2 takes on the CPU, its own loader and augmentation included.

nnunet_step.py DATA WORK STEPS: DATA is a Decathlon folder, WORK a scratch folder; writes WORK/nnunet.json.
"""
import json
import multiprocessing
import os
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path

import torch


def main():
    data, work, steps = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    raw = Path(os.environ["nnUNet_raw"]) / "Dataset004_Peer"
    (raw / "imagesTr").mkdir(parents=True)
    shutil.copytree(data / "labelsTr", raw / "labelsTr")
    images = sorted((data / "imagesTr").glob("*.nii.gz"))
    for image in images:
        shutil.copy(image, raw / "imagesTr" / image.name.replace(".nii.gz", "_0000.nii.gz"))
    declared = json.load(open(data / "dataset.json"))
    labels = {name: int(value) for value, name in declared["labels"].items()}
    json.dump({"channel_names": declared["modality"], "labels": labels, "numTraining": len(images),
               "file_ending": ".nii.gz"}, open(raw / "dataset.json", "w"))

    from nnunetv2.experiment_planning.plan_and_preprocess_api import extract_fingerprints, plan_experiments, preprocess
    extract_fingerprints([4], num_processes=2)
    plan_experiments([4])
    preprocess([4], configurations=["3d_fullres"], num_processes=[2])
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    prepared = Path(os.environ["nnUNet_preprocessed"]) / "Dataset004_Peer"
    torch.set_num_threads(multiprocessing.cpu_count())  # as nnUNetv2_train -device cpu does
    plans = json.load(open(prepared / "nnUNetPlans.json"))
    plans["continue_training"] = False  # get_trainer_from_args of nnU-Net 2.8 puts it there
    trainer = nnUNetTrainer(plans, "3d_fullres", 0,
                            json.load(open(prepared / "dataset.json")), device=torch.device("cpu"))
    trainer.on_train_start()
    trainer.on_epoch_start()
    trainer.on_train_epoch_start()
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        trainer.train_step(next(trainer.dataloader_train))
        seconds.append(time.perf_counter() - start)
    configuration = trainer.configuration_manager
    json.dump({"version": version("nnunetv2"), "seconds": seconds, "patch_size": list(configuration.patch_size),
               "batch_size": configuration.batch_size,
               "parameters": sum(p.numel() for p in trainer.network.parameters())}, open(work / "nnunet.json", "w"))
    os._exit(0)  # its workers do not end by themselves


if __name__ == "__main__":
    main()
