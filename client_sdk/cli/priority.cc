#include "cli/priority.h"

#include <CLI/CLI.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace impasto::cli {

v1::Priority PriorityOfName(const std::string& name) {
  v1::Priority priority = v1::PRIORITY_UNSPECIFIED;
  v1::Priority_Parse(absl::StrCat("PRIORITY_", absl::AsciiStrToUpper(name)), &priority);
  return priority;
}

CLI::Option* AddPriorityOption(CLI::App* command, std::optional<std::string>* priority,
                               const std::string& help) {
  return command->add_option("--priority", *priority, help)
      ->type_name("interactive|normal|batch")
      ->check(CLI::IsMember({"interactive", "normal", "batch"}).description(""));
}

}  // namespace impasto::cli
