"""Seconds of nnU-Net v2's own training step on the CPU: `medvol benchmark step peer=…`.

step_peer.py WORK: reads WORK/job.json (plans, as nnU-Net's plans.json; dataset, as its dataset.json; warmup, steps),
WORK/images.f32 and WORK/labels.u8; writes WORK/peer.json. Network, loss with deep supervision, optimiser and train_step
are nnUNetTrainer's, with as many threads as `nnUNetv2_train -device cpu` takes.
"""
import json
import multiprocessing
import sys
import time
from importlib.metadata import version
from pathlib import Path

from nnunet_raw import use_folders


def targets_of(labels, scales):
    """One for each head, as nnU-Net's loader gives them."""
    import torch
    from batchgeneratorsv2.transforms.utils.deep_supervision_downsampling import DownsampleSegForDSTransform
    downsample = DownsampleSegForDSTransform(ds_scales=scales)
    samples = [downsample(segmentation=one)["segmentation"] for one in labels]
    return [torch.stack([one[level] for one in samples]) for level in range(len(scales))]


def main():
    work = Path(sys.argv[1])
    job = json.loads((work / "job.json").read_text())
    use_folders(work)
    import numpy as np
    import torch
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    torch.set_num_threads(multiprocessing.cpu_count())
    plans = job["plans"] | {"continue_training": False}  # get_trainer_from_args of nnU-Net 2.8 puts it there
    trainer = nnUNetTrainer(plans, "3d_fullres", 0, job["dataset"], device=torch.device("cpu"))
    configuration = trainer.configuration_manager
    channels = len(job["dataset"]["channel_names"])
    trainer.network = trainer.build_network_architecture(
        trainer.plans_manager, configuration, channels, trainer.label_manager.num_segmentation_heads,
        trainer.enable_deep_supervision).to(trainer.device)
    trainer.optimizer, trainer.lr_scheduler = trainer.configure_optimizers()
    trainer.loss = trainer._build_loss()
    trainer.network.train()
    shape = [configuration.batch_size, 1] + list(configuration.patch_size)
    images = np.fromfile(work / "images.f32", dtype=np.float32).reshape([shape[0], channels] + shape[2:])
    labels = np.fromfile(work / "labels.u8", dtype=np.uint8).reshape(shape)
    batch = {"data": torch.from_numpy(images),
             "target": targets_of(torch.from_numpy(labels.astype(np.int16)), trainer._get_deep_supervision_scales())}
    seconds, losses = [], []
    for _ in range(job["warmup"] + job["steps"]):
        start = time.perf_counter()
        result = trainer.train_step(batch)
        seconds.append(time.perf_counter() - start)
        losses.append(float(result["loss"]))
    peers = ("nnunetv2", "dynamic-network-architectures", "torch")
    (work / "peer.json").write_text(json.dumps({
        "versions": {peer: version(peer) for peer in peers}, "threads": torch.get_num_threads(),
        "parameters": sum(one.numel() for one in trainer.network.parameters()), "losses": losses,
        "seconds": seconds[job["warmup"]:]}))


if __name__ == "__main__":
    main()
