// What a run takes from a style picture: Gram matrices at its layers. They don't depend on the content, so
// that they can be kept and used again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/image.h"
#include "base/size.h"
#include "engine/model.h"
#include "engine/nets/graph.h"

namespace impasto::engine {

// Of one style picture at one size. Immutable once shared.
struct StyleStatistics {
  std::vector<std::string> layers;
  std::vector<std::vector<float>> grams;  // by layer: F F^T / M, N x N row-major (see Plan::Gram)
};

// One forward pass. Errors as Executor::Compile and Plan::Forward have them. Thread-safe.
absl::StatusOr<StyleStatistics> ComputeStyleStatistics(const Model& model, const Image& style,
                                                       const std::vector<std::string>& layers,
                                                       Pooling pooling);

// A versioned string with a checksum, and back. DATA_LOSS: it is cut short, damaged, of another version, or
// no such string at all.
std::string SerializeStyleStatistics(const StyleStatistics& statistics);
absl::StatusOr<StyleStatistics> ParseStyleStatistics(absl::string_view bytes);

// A style picture at its own size, whose pixels may not be there yet: they are asked for only where its
// statistics have to be computed.
struct StylePicture {
  StylePicture(Image image);  // NOLINT(google-explicit-constructor): a picture in memory is one
  // `pixels`: gives a picture of this size; may be called by any thread and more than once, for every level.
  StylePicture(Size size, std::function<absl::StatusOr<std::shared_ptr<const Image>>()> pixels);

  Size size;
  std::function<absl::StatusOr<std::shared_ptr<const Image>>()> pixels;
};

// What a run asks for. Its numbers are decided by the model (its name, weights and preprocessing), the style
// picture, `size`, `layers` in their order, and `pooling`; to the last bit also by the executor's
// execution().
struct StyleStatisticsRequest {
  const Model& model;
  int picture = 0;  // index of the style picture
  Size size;        // of the picture at the level, which may be smaller than its own
  const std::vector<std::string>& layers;
  Pooling pooling = Pooling::kMax;
  // Gets the pixels, resamples them to `size` and computes.
  std::function<absl::StatusOr<StyleStatistics>()> compute;
};

// Where a run gets its style statistics: from a store that has them already, or else from request.compute().
// Called in Create, Restore and Step, by their thread. Other statistics than those asked for end the run with
// INTERNAL.
using StyleStatisticsSource = std::function<absl::StatusOr<std::shared_ptr<const StyleStatistics>>(
    const StyleStatisticsRequest& request)>;

}  // namespace impasto::engine
