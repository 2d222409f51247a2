// Internal to this folder: which device, which memory format.
#pragma once

#include <ATen/ATen.h>

#include <string>

#include "absl/status/statusor.h"

namespace impasto::engine::torch_executor {

absl::StatusOr<at::Device> ParseDevice(const std::string& name);

// The format in which convolutions are fast: channels_last on CUDA and where oneDNN has AVX-512 kernels for
// it, else NCHW. On an AVX2 machine channels_last is a third slower than NCHW; with AVX-512 it is half the
// time.
at::MemoryFormat FastMemoryFormat(const at::Device& device);

// Threads of Torch's pool and of the BLAS, for the whole process. 0: as many as the process may use. Returns
// how many.
int SetThreads(int threads);

}  // namespace impasto::engine::torch_executor
