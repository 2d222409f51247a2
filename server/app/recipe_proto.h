// v1::Recipe and engine::Recipe: what a client may leave out is filled in here.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "engine/executors/executor.h"
#include "engine/recipe.h"
#include "impasto/v1/recipe.pb.h"

namespace impasto::app {

// What a recipe is resolved against.
struct RecipeContext {
  const engine::Graph* graph = nullptr;  // required; the model's
  engine::WeightsFamily family = engine::WeightsFamily::kKeras;
  std::string weights_sha256;
  int style_pictures = 1;
};

// The preset's recipe for the context, then the quality's values, and the given fields on top of both,
// checked. Layers without a weight
// get 1 / number of layers of their kind; style_size follows max_size where only that is given.
// pyramid_levels may still be 0, "by the size". Resolving a resolved recipe changes nothing.
// INVALID_ARGUMENT: a bad field; FAILED_PRECONDITION: another weights_sha256. Both name the field, below
// "recipe". The model's name is the caller's to look up; here it is only written down.
absl::StatusOr<engine::Recipe> ResolveRecipe(const v1::Recipe& given, const RecipeContext& context);

// Every field is given in the result, but for where it is painted.
v1::Recipe RecipeToProto(const engine::Recipe& recipe);

engine::RecipeChange RecipeChangeFromProto(const v1::RecipeChange& proto);
v1::Execution ExecutionToProto(const engine::Execution& execution);
engine::Execution ExecutionFromProto(const v1::Execution& proto);

// "vgg19" of "models/vgg19"; "" where no model is asked for. NOT_FOUND where it isn't of that form.
absl::StatusOr<std::string> ModelId(const std::string& resource_name);
std::string ModelResourceName(const std::string& model_id);

}  // namespace impasto::app
