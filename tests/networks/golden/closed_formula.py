"""The closed formula by which a network of medvol and its peer get the same parameters and the same input, and the text
files that keep the peer's output. tests/networks/support/network_contract.h is the same in C++.

A script that makes golden files imports this one:

    from closed_formula import fill_by_formula, formula_input, write_golden
    fill_by_formula(network); network.eval()
    write_golden("vnet_3d.txt", network(formula_input([1, 1, 16, 16, 16])), "monai")
"""
import math
import sys
from importlib.metadata import version
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent


def fill_by_formula(module, rename=lambda name: name):
    """Fills parameters and floating-point buffers, each once, numbered k in the order of their sorted names.

    Element i is 0.1·sin(0.37·k + 0.11·i + 1)·s, in double, then float32. s is 1/sqrt(fan_in/10) for tensors of two axes
    and more (fan_in: elements over the first axis) and 1 for others; a vector `…weight` is 1 + that, `running_var` is
    1 + its magnitude. `rename` gives medvol's name where it differs.
    """
    tensors = dict(module.named_parameters())  # a parameter of two names has the first one
    tensors.update({name: buffer for name, buffer in module.named_buffers() if buffer.is_floating_point()})
    tensors = {rename(name): tensor for name, tensor in tensors.items()}
    with torch.no_grad():
        for k, name in enumerate(sorted(tensors)):
            tensor = tensors[name]
            i = torch.arange(tensor.numel(), dtype=torch.float64)
            value = 0.1 * torch.sin(0.37 * k + 0.11 * i + 1.0)
            if name.endswith("running_var"):
                value = 1.0 + value.abs()
            elif tensor.dim() < 2 and name.endswith("weight"):
                value = 1.0 + value
            elif tensor.dim() >= 2:
                value = value / math.sqrt(tensor.numel() // tensor.shape[0] / 10.0)
            tensor.copy_(value.view(tensor.shape))
    return module


def formula_input(shape):
    """Element i is sin(0.013·i) + 0.5·cos(0.0071·i), float32."""
    i = torch.arange(math.prod(shape), dtype=torch.float64)
    return (torch.sin(0.013 * i) + 0.5 * torch.cos(0.0071 * i)).to(torch.float32).view(shape)


def write_golden(name, output, *packages, parameters=None, count=200):
    """Writes shape, sum, largest magnitude and about `count` evenly strided values of an output beside this script."""
    flat = output.detach().to(torch.float64).reshape(-1)
    stride = max(1, flat.numel() // count)
    while math.gcd(stride, flat.numel()) > 1 and stride > 1:
        stride += 1  # so that the values fall on every place of a row
    versions = ", ".join(f"{package} {version(package)}" for package in ("torch", *packages))
    lines = [f"# {Path(sys.argv[0]).name}: {versions}", "shape " + " ".join(str(size) for size in output.shape)]
    if parameters is not None:
        lines.append(f"parameters {parameters}")
    lines += [f"sum {flat.sum().item():.9g}", f"sum_of_magnitudes {flat.abs().sum().item():.9g}",
              f"largest {flat.abs().max().item():.9g}", f"stride {stride}"]
    values = [f"{value:.7g}" for value in flat[::stride].tolist()]
    lines += ["values " + " ".join(values[i:i + 10]) for i in range(0, len(values), 10)]
    (HERE / name).write_text("\n".join(lines) + "\n")
    print(name, tuple(output.shape), "parameters:", parameters)
