// Checks that requests have in common. Each refuses with INVALID_ARGUMENT, naming the field.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "impasto/v1/job.pb.h"

namespace impasto::rpc {

// Enum values that the API doesn't have, and numbers that are none, anywhere in `message`.
absl::Status CheckValues(const google::protobuf::Message& message);

absl::Status CheckRange(int64_t value, int64_t least, int64_t most, absl::string_view field);

// UTF-8 of at most 200 characters.
absl::Status CheckDisplayName(absl::string_view text);

// `name` is COLLECTION/ID, with an ID of 1 to 64 of a-z, 0-9 and "-". `collection`: "jobs".
absl::Status CheckResourceName(absl::string_view name, absl::string_view collection, absl::string_view field);

// Fields are named as those of `preview`: "interval".
absl::Status CheckPreview(const v1::PreviewOptions& preview);

}  // namespace impasto::rpc
