// Runs a graph forward and backward on a device. The objective doesn't know which executor it drives: the
// maps at the taps stay where the executor keeps them (on a GPU, on the GPU), and the few operations that a
// loss needs are asked for by tap.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/nets/graph.h"
#include "engine/weights/weights.h"

namespace impasto::engine {

// A copy of a tap's map, kept on the executor's device: what a content loss is held against. Immutable.
class StoredMap {
 public:
  virtual ~StoredMap() = default;
};

// A plan for (graph, weights, taps, input size). From Forward to Backward the taps hold their maps; Backward
// may overwrite them. Gradients at the taps add up from Forward (where they are zero) to Backward; a gradient
// may be made only there, so that what it is asked for from has to live until then. Not thread-safe: one
// thread at a time.
class Plan {
 public:
  virtual ~Plan() = default;

  virtual const std::vector<std::string>& taps() const = 0;
  virtual TensorShape tap_shape(int tap) const = 0;

  // input: 3 x height x width, preprocessed, in the network's channel order. keep_gradient false saves the
  // memory that Backward needs.
  virtual absl::Status Forward(absl::Span<const float> input, bool keep_gradient) = 0;

  // G = F F^T / M of the tap's map F (N channels x M positions), N x N row-major.
  virtual absl::Status Gram(int tap, std::vector<float>* gram) = 0;
  // Adds D F to the tap's gradient; D is N x N row-major and symmetric.
  virtual absl::Status AddMatrixTimesMap(int tap, absl::Span<const float> matrix) = 0;

  virtual absl::StatusOr<std::unique_ptr<StoredMap>> Store(int tap) = 0;
  // Sum over elements of (F - P)^2, accumulated in double.
  virtual absl::StatusOr<double> SquaredDistance(int tap, const StoredMap& stored) = 0;
  // Adds scale (F - P) to the tap's gradient. `stored` lives until Backward.
  virtual absl::Status AddDifference(int tap, const StoredMap& stored, double scale) = 0;

  // The map itself, N x M row-major: for tests and tools.
  virtual absl::StatusOr<std::vector<float>> CopyTap(int tap) = 0;
  // Adds a gradient of the caller's: for tests.
  virtual absl::Status AddGradient(int tap, absl::Span<const float> gradient) = 0;

  // The gradient with respect to the input, 3 x height x width. Once per Forward with keep_gradient.
  virtual absl::Status Backward(absl::Span<float> input_gradient) = 0;
};

// What a plan will take, in bytes, before there is one.
struct PlanForecast {
  // What the plan holds and writes to, at most, from its compilation to its end, without the matrices that
  // AddMatrixTimesMap gives it. A GPU's plan is in the GPU's memory.
  int64_t plan = 0;
  // What the executor keeps for all plans from this one on: layers that it prepares when a plan first needs
  // them. 0 once they are there.
  int64_t weights = 0;
  struct Tap {
    int64_t stored = 0;    // a StoredMap of it
    int64_t distance = 0;  // beside all else, as long as its SquaredDistance takes
  };
  std::vector<Tap> taps;
};

// Where and by what a network runs, as far as it can change a result's bits. The CPU executor's results are
// the same for any number of threads.
struct Execution {
  std::string executor;         // "cpu", "torch"
  std::string instruction_set;  // "AVX3", "AVX2", as the executor calls it; of a CPU alone
  std::string tiles;            // Winograd's, "F(6x6),F(4x4)"; empty where it isn't ours to say
  std::string memory_format;    // "blocked16", "nchw", "channels_last"
  std::string precision;        // "float32", "tf32"
  int threads = 0;              // of a CPU; 0: none
  std::string device;           // "cpu", "cuda:N"
  friend bool operator==(const Execution&, const Execution&) = default;
};

// Holds one model's weights on a device, shared by all plans. Immutable after creation; Compile may be called
// from any thread.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual std::string description() const = 0;  // for people: "torch cpu, 2 threads"
  virtual const Execution& execution() const = 0;

  // taps: names of the graph, each once. INVALID_ARGUMENT: an unknown tap (with the nearest names), a picture
  // too small for a tap; FAILED_PRECONDITION: the weights lack a layer that a tap needs (named).
  virtual absl::StatusOr<std::unique_ptr<Plan>> Compile(const std::vector<std::string>& taps, int height,
                                                        int width, Pooling pooling) const = 0;
  // What Compile's plan will take. Without keep_gradient, for Forward and Gram alone; with it, for Backward
  // too, after AddMatrixTimesMap or AddDifference at any tap. Allocates none of it. Errors as Compile.
  virtual absl::StatusOr<PlanForecast> Forecast(const std::vector<std::string>& taps, int height, int width,
                                                Pooling pooling, bool keep_gradient) const = 0;
};

}  // namespace impasto::engine
