#include "engine/executors/torch/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/threads.h"

namespace impasto::engine::torch_executor {

absl::StatusOr<at::Device> ParseDevice(const std::string& name) {
  const bool has_cuda = at::globalContext().hasCUDA();
  if (name == "cpu" || (name == "auto" && !has_cuda)) return at::Device(at::kCPU);
  int index = 0;
  if (name != "auto" && name != "cuda" &&
      !(absl::StartsWith(name, "cuda:") && absl::SimpleAtoi(name.substr(5), &index) && index >= 0 &&
        index < 128)) {
    return absl::InvalidArgumentError(
        absl::StrCat("device \"", name.substr(0, 64), "\" is not auto, cpu or cuda:N"));
  }
  if (!has_cuda)
    return absl::FailedPreconditionError(
        absl::StrCat("device ", name, ": this LibTorch finds no CUDA device"));
  const int count = at::detail::getCUDAHooks().getNumGPUs();
  if (index >= count) {
    return absl::FailedPreconditionError(
        absl::StrCat("device ", name, ": there are ", count, " CUDA devices, numbered from 0"));
  }
  return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
}

void SetUpCuda(bool tf32) {
  at::globalContext().setBenchmarkCuDNN(true);
  // Torch's own defaults round convolutions and not matrix products.
  at::globalContext().setAllowTF32CuDNN(tf32);
  at::globalContext().setAllowTF32CuBLAS(tf32);
}

int SetThreads(int threads) {
  if (threads <= 0) threads = AvailableThreads();
  // Debian's LibTorch starts with one thread unless told. OpenMP keeps the number per thread; Torch carries
  // this one over to each thread that comes later.
  at::set_num_threads(threads);
  return threads;
}

std::string InstructionSet() {
  // LibTorch 1.13 says it nowhere else; oneDNN, which has the convolutions, chooses by the same processor.
  const std::string config = at::show_config();
  for (absl::string_view line : absl::StrSplit(config, '\n')) {
    if (absl::ConsumePrefix(&line, "  - CPU capability usage: ")) return std::string(line);
  }
  return "";
}

}  // namespace impasto::engine::torch_executor
