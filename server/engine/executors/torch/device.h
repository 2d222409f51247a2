// Internal to this folder: which device, how it is set up.
#pragma once

#include <ATen/ATen.h>

#include <string>

#include "absl/status/statusor.h"

namespace impasto::engine::torch_executor {

absl::StatusOr<at::Device> ParseDevice(const std::string& name);

// Lets cuDNN choose by measuring, and sets for the whole process whether products may be rounded to TF32.
void SetUpCuda(bool tf32);

// Threads of Torch's pool and of the BLAS, for the whole process. 0: as many as the process may use. Returns
// how many.
int SetThreads(int threads);

// The vector instructions that Torch's own kernels use on this processor: "AVX512", "AVX2", "NO AVX"; empty
// where it doesn't say.
std::string InstructionSet();

}  // namespace impasto::engine::torch_executor
