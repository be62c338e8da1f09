#pragma once

namespace medvol::trainers {

/// Gives LibTorch's instance_norm a kernel for CPUs and inference: two reads and one write of the image in its own
/// memory format, float32 or bf16, with float32 statistics. LibTorch's own, which stays that of training, copies
/// channels-last images to the other format and back. Networks and exported files find it by LibTorch's dispatcher, so
/// they compute the same. Sums go in a fixed order: the result does not depend on threads or on the batch. Idempotent.
void use_fast_instance_norm();

}  // namespace medvol::trainers
