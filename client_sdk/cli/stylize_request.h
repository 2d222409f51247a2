// From flags to the API's request.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/stylize_flags.h"
#include "impasto/v1/stylization.pb.h"

namespace impasto::cli {

// Reads the pictures and the recipe file. What isn't on the command line isn't in the request. `notes` gets
// what the user should be told. Errors name the file or the flag.
absl::StatusOr<v1::StylizeRequest> BuildRequest(const StylizeFlags& flags, std::vector<std::string>* notes);

}  // namespace impasto::cli
