// A status that says which request field is at fault, in the API's spelling ("recipe.style_layers[2].layer").
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace impasto {

// INVALID_ARGUMENT (or another code) with the message "FIELD: MESSAGE" and the field as a payload.
absl::Status FieldError(absl::string_view field, absl::string_view message,
                        absl::StatusCode code = absl::StatusCode::kInvalidArgument);

// Puts `field` in front of a status that names none yet; "outer" in front of "inner" makes "outer.inner". Its
// other details stay. OK stays OK.
absl::Status InField(absl::string_view field, const absl::Status& status);

// The field, or "".
std::string FieldOf(const absl::Status& status);

}  // namespace impasto
