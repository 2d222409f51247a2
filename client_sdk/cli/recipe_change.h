// Changes of a recipe while its job runs, for people.
#pragma once

#include <string>

#include "impasto/v1/recipe.pb.h"

namespace impasto::cli {

// "style_weight=0.02 style_layers.block1_conv1=2 style_picture_weights=1:3": blanks between changes, and no
// comma or quote, so that it is one cell of a CSV file.
std::string DescribeChange(const v1::RecipeChange& change);

// "from iteration 121 on: style_weight=0.02". Iterations as in a log of losses: the first one whose loss is
// under the change.
std::string DescribeChangeAndStart(const v1::RecipeChange& change);

}  // namespace impasto::cli
