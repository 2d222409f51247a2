// Recipes as JSON files.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impasto/v1/recipe.pb.h"

namespace impasto::cli {

// Proto3 JSON; names as in recipe.proto or in lowerCamelCase. INVALID_ARGUMENT, naming the file: not JSON, or
// a field that there isn't; otherwise why it can't be read.
absl::StatusOr<v1::Recipe> ReadRecipe(const std::string& path);

// Pretty-printed, names as in recipe.proto, with a newline at the end.
std::string RecipeToJson(const v1::Recipe& recipe);

}  // namespace impasto::cli
