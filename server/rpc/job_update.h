// UpdateJobRequest: which fields change.
#pragma once

#include "absl/status/statusor.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto::rpc {

// The request with a mask that isn't empty and names fields that can be updated, each once, the whole
// `preview` or fields of it. An empty mask becomes the fields of `job` that are set and can be updated; those
// of `preview` one by one, unless it is there with nothing in it. INVALID_ARGUMENT, naming update_mask or the
// field of `job`: a bad name; a mask with "*", with what isn't a field or can't be updated; nothing to
// update; a value out of range, or not given where it has no default. Not checked here: the recipe's ranges.
absl::StatusOr<v1::UpdateJobRequest> NormalizeUpdateJobRequest(const v1::UpdateJobRequest& request);

}  // namespace impasto::rpc
