// Recipes as JSON files.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impasto/v1/recipe.pb.h"

namespace impasto::cli {

// Proto3 JSON, as ToJson() writes it; names as in recipe.proto or in lowerCamelCase. INVALID_ARGUMENT, naming
// the file: not JSON, or a field that there isn't; otherwise why it can't be read.
absl::StatusOr<v1::Recipe> ReadRecipe(const std::string& path);

}  // namespace impasto::cli
