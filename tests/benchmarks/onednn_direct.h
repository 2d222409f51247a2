// A rival for the benchmark: a VGG network on oneDNN called directly, the best that direct convolutions give.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/nets/graph.h"
#include "engine/weights/weights.h"

namespace impasto::bench {

// One plan, built once: blocked layout (nChw16c with AVX-512, else nChw8c), ReLU fused into the convolution,
// weights reordered beforehand. It has no losses, Gram matrices or optimiser, which flatters it. Runs on as
// many threads as OMP_NUM_THREADS says. Not thread-safe.
class OneDnnDirect {
 public:
  // `graph`: pruned to its last layer; a chain of 3x3 convolutions with ReLU and 2x2 max pools (the VGGs).
  // INVALID_ARGUMENT: another graph; FAILED_PRECONDITION: oneDNN has nothing but its reference code for a
  // layer, a thousand times slower, or lacks the layer altogether.
  static absl::StatusOr<std::unique_ptr<OneDnnDirect>> Create(const engine::Graph& graph,
                                                              const engine::Weights& weights, int height,
                                                              int width);
  ~OneDnnDirect();

  // input and input_gradient: 3 x height x width. gradient: at the last layer's map, channels x rows x
  // columns, and so is `output`.
  absl::Status Run(absl::Span<const float> input, absl::Span<const float> gradient, absl::Span<float> output,
                   absl::Span<float> input_gradient);

  // "oneDNN 2.6.3, nChw16c: jit:avx512_core": the kernels that it chose.
  const std::string& description() const;

 private:
  struct State;
  explicit OneDnnDirect(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace impasto::bench
