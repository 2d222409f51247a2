// Priorities on the command line.
#pragma once

#include <optional>
#include <string>

#include "impasto/v1/job.pb.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace impasto::cli {

// "interactive", "normal" or "batch"; every other text is PRIORITY_UNSPECIFIED.
v1::Priority PriorityOfName(const std::string& name);

// --priority, which takes these names alone.
CLI::Option* AddPriorityOption(CLI::App* command, std::optional<std::string>* priority,
                               const std::string& help);

}  // namespace impasto::cli
