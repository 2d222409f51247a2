// What can be wrong with a request whatever the models and pictures are. Each function refuses with
// INVALID_ARGUMENT, naming the field.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "impasto/v1/models.pb.h"
#include "impasto/v1/styles.pb.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto::rpc {

// A picture is missing or has no source, or is one of the style library's where it can't be; 0 or more than
// 16 styles; a number out of range in `preview`, `output` or `request_id`'s and `display_name`'s length; an
// enum value that the API doesn't have or a number that is none anywhere in the request; as many style
// picture weights as there are no style pictures; an initial picture that doesn't go with
// recipe.initial_picture; changes of the recipe that are too many or not in order. Not checked here: the
// recipe's ranges (the engine does), what the pictures hold (imaging does).
absl::Status ValidateStylizeRequest(const v1::StylizeRequest& request);
absl::Status ValidateEstimateJobRequest(const v1::EstimateJobRequest& request);
absl::Status ValidateWatchJobRequest(const v1::WatchJobRequest& request);

// The part of ValidateStylizeRequest for one message of an upload; `first`: of the call.
absl::Status ValidateUploadPart(const v1::UploadPictureRequest& part, bool first);

absl::Status ValidateCreateStyleRequest(const v1::CreateStyleRequest& request);

// Where it isn't "models/{model}".
absl::Status ValidateModelName(const std::string& name);

}  // namespace impasto::rpc
