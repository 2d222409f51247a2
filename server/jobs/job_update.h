// What an UpdateJob request asks for. Knows which fields there are; rpc has checked that the mask names no
// others.
#pragma once

#include <optional>

#include "impasto/v1/stylization.pb.h"

namespace impasto::jobs {

// The part that is the recipe's, with no iteration yet; nothing where the mask names none of it.
std::optional<v1::RecipeChange> RecipeChangeOf(const v1::UpdateJobRequest& request);

// Puts the rest into `job`. True where its priority has changed.
bool ApplyToJob(const v1::UpdateJobRequest& request, v1::Job* job);

}  // namespace impasto::jobs
