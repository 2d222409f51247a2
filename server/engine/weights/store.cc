#include "engine/weights/store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "engine/weights/checksum_record.h"
#include "engine/weights/files.h"
#include "engine/weights/sha256.h"

namespace impasto::engine {
namespace {

bool HasWeightsExtension(const std::string& name) {
  const std::string lower = absl::AsciiStrToLower(name);
  for (const char* extension : {".h5", ".hdf5", ".keras", ".safetensors", ".pth", ".pt", ".bin", ".whl"}) {
    if (absl::EndsWith(lower, extension)) return true;
  }
  return false;
}

// Best first: the models in the graphs' order; whole files, then those with more layers, then those with
// finer numbers.
auto Rank(const WeightsFileInfo& info) {
  const std::vector<std::string>& models = ModelNames();
  const auto model = std::find(models.begin(), models.end(), info.model) - models.begin();
  return std::make_tuple(model, info.missing.size(), -std::min(info.bits, 32), info.path);
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string DefaultWeightsDirectory() {
  if (std::string directory = Variable("IMPASTO_WEIGHTS_DIR"); !directory.empty()) return directory;
  std::string data = Variable("XDG_DATA_HOME");
  if (data.empty()) data = absl::StrCat(Variable("HOME"), "/.local/share");
  return absl::StrCat(data, "/impasto/weights");
}

WeightsStore::WeightsStore(std::string directory) : directory_(std::move(directory)) {}

absl::StatusOr<WeightsStore::Listing> WeightsStore::List() const {
  std::error_code error;
  std::filesystem::directory_iterator it(directory_, error);
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
    return absl::NotFoundError(absl::StrCat("there is no folder ", directory_));
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat(directory_, " can't be read"));
  Listing listing;
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (absl::StartsWith(name, ".") || absl::EndsWith(name, ".part") || !it->is_regular_file(ignored))
      continue;
    absl::StatusOr<WeightsFileInfo> info = InspectWeightsFile(JoinPath(directory_, name));
    if (info.ok()) {
      listing.files.push_back(*std::move(info));
    } else if (HasWeightsExtension(name)) {
      listing.refused.emplace_back(info.status().message());  // it begins with the file's path
    }
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat(directory_, " can't be read"));
  std::sort(listing.files.begin(), listing.files.end(),
            [](const WeightsFileInfo& a, const WeightsFileInfo& b) { return Rank(a) < Rank(b); });
  std::sort(listing.refused.begin(), listing.refused.end());
  return listing;
}

absl::StatusOr<WeightsFileInfo> WeightsStore::Find(const std::string& model) const {
  const absl::StatusOr<Listing> listing = List();
  if (!listing.ok() && !absl::IsNotFound(listing.status())) return listing.status();
  if (listing.ok()) {
    for (const WeightsFileInfo& info : listing->files) {
      if (info.model == model) return info;
    }
  }
  const std::string refused = listing.ok() && !listing->refused.empty()
                                  ? absl::StrCat(" (not used: ", absl::StrJoin(listing->refused, "; "), ")")
                                  : "";
  return absl::NotFoundError(absl::StrCat("there are no weights of ", model, " in ", directory_, refused,
                                          "; get them with: impastod weights pull ", model, " --weights-dir ",
                                          directory_));
}

absl::StatusOr<WeightsFileInfo> WeightsStore::Import(const std::string& path) {
  const std::string name = BaseName(path);
  if (name.empty() || absl::StartsWith(name, ".") || absl::EndsWith(name, ".part")) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": the folder takes no hidden files, and no .part files"));
  }
  IMPASTO_ASSIGN_OR_RETURN(const Weights weights, ReadWeightsFile(path));
  IMPASTO_RETURN_IF_ERROR(MakeDirectory(directory_));
  const std::string to = JoinPath(directory_, name);
  const std::string temporary = TemporaryPath(directory_, name);
  std::string sha256;
  IMPASTO_RETURN_IF_ERROR(CopyFile(path, temporary, &sha256));
  absl::Status status = sha256 == weights.sha256
                            ? CommitFile(temporary, to)
                            : absl::AbortedError(absl::StrCat(path, ": the file changed while it was read"));
  if (!status.ok()) unlink(temporary.c_str());
  if (absl::IsAlreadyExists(status)) {
    const absl::StatusOr<std::string> there = Sha256OfFile(to);
    if (!there.ok() || *there != sha256) {
      return absl::AlreadyExistsError(
          absl::StrCat(to, " is there already, and is another file; remove or rename one of the two"));
    }
    status = absl::OkStatus();
  }
  IMPASTO_RETURN_IF_ERROR(status);
  IMPASTO_ASSIGN_OR_RETURN(WeightsFileInfo info, InspectWeightsFile(to));
  IMPASTO_RETURN_IF_ERROR(UpdateChecksumRecord(directory_, [&](ChecksumRecord* record) {
    ChecksumRecord::File& file = record->files[name];
    // The file may have come by `pull`: its source says more than the path does.
    if (file.sha256 != sha256) file = {sha256, info.bytes, path};
  }));
  return info;
}

}  // namespace impasto::engine
