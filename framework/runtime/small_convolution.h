#pragma once

namespace medvol::runtime {

/// Gives float32 convolutions of one small image on the CPU to oneDNN. LibTorch sends them to its own loops
/// (ConvParams::use_mkldnn in ATen/native/Convolution.cpp: one image whose batch · channels · first two axes are no
/// more than 20480, and kernels of 1 with one thread), which copy each image once for every tap of the kernel: forty
/// times as slow for a window of 3×160×160. Networks and exported files find it by LibTorch's dispatcher. Idempotent;
/// `ExecutionContext::activate` calls it.
void use_onednn_for_small_images();

}  // namespace medvol::runtime
