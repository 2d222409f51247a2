#include "cli/recipe_file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace impasto::cli {
namespace {

// A recipe of 64 + 64 layers is some 10 KiB.
constexpr size_t kMaxRecipeBytes = size_t{1} << 20;

}  // namespace

absl::StatusOr<v1::Recipe> ReadRecipe(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": a directory, not a recipe"));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::ErrnoToStatus(errno, path);
  }
  std::string json(kMaxRecipeBytes + 1, '\0');
  file.read(json.data(), static_cast<std::streamsize>(json.size()));
  json.resize(static_cast<size_t>(file.gcount()));
  if (json.size() > kMaxRecipeBytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": larger than 1 MiB, not a recipe"));
  }
  if (json.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": an empty file, not a recipe"));
  }
  v1::Recipe recipe;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &recipe);
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a recipe: ", std::string(status.message())));
  }
  return recipe;
}

}  // namespace impasto::cli
