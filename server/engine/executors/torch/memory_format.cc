#include "engine/executors/torch/memory_format.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"

namespace impasto::engine::torch_executor {
namespace {

// A network's beginning in small: what decides between the formats is the convolutions' kernels, the first
// layer of 3 channels and the passes of ReLU and pool over large maps. On maps of this size they stand in the
// same proportion as in VGG19 at 512 pixels, at a hundredth of the time.
struct Probe {
  static constexpr int kHeight = 96;
  static constexpr int kWidth = 128;
  static constexpr int kChannels[] = {64, 64, 128, 256, 512};

  explicit Probe(at::MemoryFormat format) {
    int64_t in = 3;
    for (const int64_t out : kChannels) {
      // Values don't matter to the speed, as long as they are ordinary numbers.
      kernels.push_back(at::full({out, in, 3, 3}, 1.0 / static_cast<double>(9 * in)).contiguous(format));
      in = out;
    }
    input = at::ones({1, 3, kHeight, kWidth}).contiguous(format).set_requires_grad(true);
  }

  // Seconds of one pass forward and backward to the input.
  double Run() const {
    const auto start = std::chrono::steady_clock::now();
    at::Tensor x = input;
    for (size_t i = 0; i < kernels.size(); ++i) {
      if (i >= 2) x = at::max_pool2d(x, 2, 2);
      x = at::conv2d(x, kernels[i], /*bias=*/{}, /*stride=*/1, /*padding=*/1).relu_();
    }
    torch::autograd::grad({x}, {input}, {at::ones_like(x)});
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  std::vector<at::Tensor> kernels;
  at::Tensor input;
};

at::MemoryFormat Measure() {
  constexpr at::MemoryFormat kFormats[] = {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast};
  constexpr int kRounds = 4;
  const Probe probes[] = {Probe(kFormats[0]), Probe(kFormats[1])};
  double best[] = {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  // In turn, so that whoever else uses the processor hits both; the first round finds the buffers.
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < 2; ++i) best[i] = std::min(best[i], probes[i].Run());
  }
  return kFormats[best[1] < best[0] ? 1 : 0];
}

absl::StatusOr<at::MemoryFormat> MeasuredOnce() {
  static Mutex mutex;
  static bool measured = false;
  static at::MemoryFormat format = at::MemoryFormat::Contiguous;
  MutexLock lock(&mutex);
  if (!measured) {
    try {
      format = Measure();
    } catch (const std::exception& e) {
      return absl::InternalError(absl::StrCat("LibTorch can't run a convolution: ", e.what()));
    }
    measured = true;
  }
  return format;
}

}  // namespace

absl::StatusOr<at::MemoryFormat> ChooseMemoryFormat(const at::Device& device, TorchMemoryFormat wanted) {
  switch (wanted) {
    case TorchMemoryFormat::kNchw:
      return at::MemoryFormat::Contiguous;
    case TorchMemoryFormat::kChannelsLast:
      return at::MemoryFormat::ChannelsLast;
    case TorchMemoryFormat::kMeasured:
      break;
  }
  // Tensor cores read channels_last; NCHW is turned around on the way to them.
  if (device.is_cuda()) return at::MemoryFormat::ChannelsLast;
  return MeasuredOnce();
}

}  // namespace impasto::engine::torch_executor
