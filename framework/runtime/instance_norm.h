#pragma once

namespace medvol::runtime {

/// Gives LibTorch's instance_norm kernels for CPUs, in training and inference: of the image's own memory format,
/// float32 or bf16, with float32 statistics. Forward reads the image twice and writes once; backward reads image and
/// gradient twice and writes once. LibTorch's own copies channels-last images to the other format and back, and goes
/// over them as a batch norm. Networks and exported files find it by LibTorch's dispatcher, so they compute the same.
/// Sums go in a fixed order: the result does not depend on threads or on the batch. Second derivatives (gradient
/// penalties) are LibTorch's. Idempotent; `ExecutionContext::activate` calls it.
void use_fast_instance_norm();

}  // namespace medvol::runtime
