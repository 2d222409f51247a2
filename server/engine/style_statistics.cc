#include "engine/style_statistics.h"

#include <climits>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "engine/preprocess.h"
#include "engine/style_statistics.pb.h"

namespace impasto::engine {
namespace {

// What a serialised string begins with; another format gets another number. Then comes the SHA-256 of the
// message, in hex, and the message.
constexpr absl::string_view kVersion = "impasto style statistics 1\n";
constexpr size_t kChecksum = 64;

}  // namespace

absl::StatusOr<StyleStatistics> ComputeStyleStatistics(const Model& model, const Image& style,
                                                       const std::vector<std::string>& layers,
                                                       Pooling pooling) {
  IMPASTO_ASSIGN_OR_RETURN(const std::unique_ptr<Plan> plan,
                           model.executor().Compile(layers, style.height, style.width, pooling));
  std::vector<float> input;
  Preprocess(model.preprocessing(), style, &input);
  IMPASTO_RETURN_IF_ERROR(plan->Forward(input, /*keep_gradient=*/false));
  StyleStatistics statistics{.layers = layers};
  statistics.grams.resize(layers.size());
  for (size_t t = 0; t < layers.size(); ++t)
    IMPASTO_RETURN_IF_ERROR(plan->Gram(static_cast<int>(t), &statistics.grams[t]));
  return statistics;
}

std::string SerializeStyleStatistics(const StyleStatistics& statistics) {
  stored::StyleStatistics message;
  for (size_t i = 0; i < statistics.layers.size(); ++i) {
    stored::StyleStatistics::Layer& layer = *message.add_layers();
    layer.set_name(statistics.layers[i]);
    layer.mutable_gram()->Add(statistics.grams[i].begin(), statistics.grams[i].end());
  }
  const std::string bytes = message.SerializeAsString();
  return absl::StrCat(kVersion, Sha256OfString(bytes), bytes);
}

absl::StatusOr<StyleStatistics> ParseStyleStatistics(absl::string_view bytes) {
  if (!absl::StartsWith(bytes, kVersion))
    return absl::DataLossError("it isn't style statistics of a version that is known here");
  bytes.remove_prefix(kVersion.size());
  const absl::string_view checksum = bytes.substr(0, kChecksum);
  bytes.remove_prefix(checksum.size());
  if (checksum != Sha256OfString(bytes))
    return absl::DataLossError("the style statistics are cut short or damaged: the checksum is another one");
  stored::StyleStatistics message;
  if (bytes.size() > INT_MAX || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("the style statistics can't be read");
  StyleStatistics statistics;
  for (const stored::StyleStatistics::Layer& layer : message.layers()) {
    statistics.layers.push_back(layer.name());
    statistics.grams.emplace_back(layer.gram().begin(), layer.gram().end());
  }
  return statistics;
}

StylePicture::StylePicture(Image image) : size{image.width, image.height} {
  pixels = [shared = std::make_shared<const Image>(std::move(image))] { return shared; };
}

StylePicture::StylePicture(Size size, std::function<absl::StatusOr<std::shared_ptr<const Image>>()> pixels)
    : size(size), pixels(std::move(pixels)) {}

}  // namespace impasto::engine
