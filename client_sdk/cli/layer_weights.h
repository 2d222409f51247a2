// Layers on the command line.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "impasto/v1/recipe.pb.h"

namespace impasto::cli {

// Replaces `layers` by the texts, NAME or NAME=WEIGHT each; no texts leave it alone. `need_weight`: NAME
// alone isn't taken. INVALID_ARGUMENT, naming `flag` and the text.
absl::Status ReplaceLayers(const char* flag, const std::vector<std::string>& texts, bool need_weight,
                           google::protobuf::RepeatedPtrField<v1::LayerWeight>* layers);

}  // namespace impasto::cli
