"""Weight files as Python's torch writes them, for tests/networks/weights/weight_file_test.cpp.

python make_weight_files.py     (torch 2.11.0)
"""
import os
from collections import OrderedDict
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent


class Evil:
    def __reduce__(self):
        return os.system, ("echo this must never run > /tmp/medvol_evil",)


def state():
    """A linear layer [3, 2], whose weight is transposed in memory, and tensors of other types."""
    weight = torch.arange(6.0).reshape(2, 3).t()
    return OrderedDict(weight=weight, bias=torch.tensor([1.0, 2.0, 3.0]))


typed = OrderedDict(half=torch.tensor([0.5, -2.0]).half(), bfloat=torch.tensor([1.5, 3.0]).bfloat16(),
                    count=torch.tensor(7), mask=torch.tensor([True, False]), double=torch.tensor([0.1]).double(),
                    empty=torch.zeros(0, 4), view=torch.arange(10.0)[4:7])
tied = state()
tied["decoder.weight"] = tied["weight"]
checkpoint = {"network_weights": OrderedDict((f"module._orig_mod.{k}", torch.nn.Parameter(v)) for k, v in state().items()),
              "current_epoch": 12, "trainer_name": "nnUNetTrainer", "best": 0.5, "axes": (0, 1, 2), "none": None,
              "device": torch.device("cpu"), "dtype": torch.float32, "big": 2**40, "flag": True, "minus": -3}

torch.save(state(), HERE / "state.pt")
torch.save(typed, HERE / "typed.pt")
torch.save(tied, HERE / "tied.pt")
torch.save(checkpoint, HERE / "checkpoint.pt")
torch.save({"weight": torch.zeros(1), "evil": Evil()}, HERE / "evil.pt")
torch.save(state(), HERE / "protocol4.pt", pickle_protocol=4)
torch.save(state(), HERE / "old_format.pt", _use_new_zipfile_serialization=False)
