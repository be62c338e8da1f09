"""Seconds, memory and mask of MONAI's sliding_window_inference: `medvol benchmark inference peer=…`.

inference_peer.py WORK: reads WORK/job.json (size, patch, channels, step, threads, repeats, precision, image, mask) and
WORK/network.pt. Without sw_batch_size in the job it tries batch sizes and memory formats and writes how long each took,
else it writes the mask, seconds and the peak of its memory, to WORK/peer.json.
"""
import contextlib
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from monai.inferers import sliding_window_inference


def most_resident_memory():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])


def main():
    work = Path(sys.argv[1])
    job = json.load(open(work / "job.json"))
    torch.set_num_threads(job["threads"])
    torch.set_flush_denormal(True)
    image = torch.from_numpy(np.fromfile(job["image"], dtype=np.float32).reshape([1, job["channels"]] + job["size"]))
    network = torch.jit.load(str(work / "network.pt")).eval()

    def predict(image, sw_batch_size, memory_format):
        def predictor(windows):
            return network(windows.contiguous(memory_format=memory_format)).float()
        bf16 = torch.autocast("cpu", torch.bfloat16) if job["precision"] == "bf16" else contextlib.nullcontext()
        with torch.inference_mode(), bf16:
            logits = sliding_window_inference(image, job["patch"], sw_batch_size, predictor, overlap=1 - job["step"],
                                              mode="gaussian")
            return logits.argmax(1).to(torch.uint8)

    about = {"versions": {name: version(name) for name in ("monai", "torch", "numpy")}}
    formats = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last_3d}
    if "sw_batch_size" not in job:  # which is fastest, on six windows; the second run counts, the first makes kernels
        depth, height, width = job["patch"]
        trial = image[:, :, :depth, :, :width].repeat(1, 1, 1, 4, 1)[:, :, :, :height * 7 // 2].contiguous()
        about["settings"] = []
        for name, memory_format in formats.items():
            for sw_batch_size in (1, 2, 3):
                for _ in range(2):
                    start = time.perf_counter()
                    predict(trial, sw_batch_size, memory_format)
                    seconds = time.perf_counter() - start
                about["settings"].append({"sw_batch_size": sw_batch_size, "memory_format": name, "seconds": seconds})
        json.dump(about, open(work / "peer.json", "w"))
        return

    setting = job["sw_batch_size"], formats[job["memory_format"]]
    predict(image[:, :, :job["patch"][0], :job["patch"][1], :job["patch"][2]], *setting)
    seconds = []
    for _ in range(job["repeats"]):
        start = time.perf_counter()
        mask = predict(image, *setting)
        seconds.append(time.perf_counter() - start)
    mask[0].numpy().tofile(job["mask"])
    about.update(seconds=seconds, memory=most_resident_memory())
    json.dump(about, open(work / "peer.json", "w"))


if __name__ == "__main__":
    main()
