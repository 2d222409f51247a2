// Internal to this folder: in which memory format this machine's convolutions are fast.
#pragma once

#include <ATen/ATen.h>

#include "absl/status/statusor.h"
#include "engine/executors/torch/torch_executor.h"

namespace impasto::engine::torch_executor {

// `wanted`, where that is a format. Else channels_last on CUDA, and on a CPU the faster one: measured by the
// first call of the process, with the threads that are set then; later calls get what that one found, and
// wait for it. Thread-safe. INTERNAL: LibTorch can't run the measurement.
absl::StatusOr<at::MemoryFormat> ChooseMemoryFormat(const at::Device& device, TorchMemoryFormat wanted);

}  // namespace impasto::engine::torch_executor
