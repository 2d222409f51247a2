// The API's messages as JSON.
#pragma once

#include <string>

#include "google/protobuf/message.h"

namespace impasto::cli {

// Proto3 JSON, pretty-printed, names as in the .proto files, with a newline at the end. Error details of
// kinds that this program doesn't know are left out.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace impasto::cli
