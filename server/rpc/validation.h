// What can be wrong with a request whatever the models and pictures are.
#pragma once

#include "absl/status/status.h"
#include "impasto/v1/models.pb.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto::rpc {

// INVALID_ARGUMENT, naming the field: a picture is missing or has no source, 0 or more than 16 styles, a
// number out of range in `preview` or `output`, an enum value that the API doesn't have or a number that is
// none anywhere in the request, as many style picture weights as there are no style pictures, an initial
// picture that doesn't go with recipe.initial_picture. Not checked here: the recipe's ranges (the engine
// does), what the pictures hold (imaging does).
absl::Status ValidateStylizeRequest(const v1::StylizeRequest& request);

// The part of ValidateStylizeRequest for one message of an upload; `first`: of the call.
absl::Status ValidateUploadPart(const v1::UploadPictureRequest& part, bool first);

// INVALID_ARGUMENT where it isn't "models/{model}".
absl::Status ValidateModelName(const std::string& name);

}  // namespace impasto::rpc
