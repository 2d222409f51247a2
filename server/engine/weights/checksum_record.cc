#include "engine/weights/checksum_record.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/weights/byte_source.h"
#include "engine/weights/files.h"

namespace impasto::engine {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxRecordBytes = uint64_t{16} << 20;

// "" where the member is missing or no text.
std::string Text(const Json& object, const char* member) {
  const auto it = object.find(member);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

}  // namespace

absl::StatusOr<ChecksumRecord> ReadChecksumRecord(const std::string& directory) {
  const std::string path = JoinPath(directory, kChecksumRecordName);
  absl::StatusOr<std::unique_ptr<ByteSource>> bytes = OpenFileBytes(path);
  if (absl::IsNotFound(bytes.status())) return ChecksumRecord{};
  IMPASTO_RETURN_IF_ERROR(bytes.status());
  if ((*bytes)->size() > kMaxRecordBytes)
    return absl::InvalidArgumentError(absl::StrCat(path, " is too large"));
  IMPASTO_ASSIGN_OR_RETURN(const std::string text, (*bytes)->Read(0, (*bytes)->size()));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is damaged; remove it to record the checksums anew"));
  }
  ChecksumRecord record;
  const Json files = json.value("files", Json::object());
  for (const auto& [name, file] : files.items()) {
    if (!file.is_object()) continue;
    const auto bytes_member = file.find("bytes");
    const bool sized = bytes_member != file.end() && bytes_member->is_number_integer();
    record.files[name] = {Text(file, "sha256"), sized ? bytes_member->get<int64_t>() : 0,
                          Text(file, "source")};
  }
  const Json sources = json.value("sources", Json::object());
  for (const auto& [location, sha256] : sources.items()) {
    if (sha256.is_string()) record.sources[location] = sha256.get<std::string>();
  }
  return record;
}

absl::Status UpdateChecksumRecord(const std::string& directory,
                                  const std::function<void(ChecksumRecord*)>& change) {
  const DirectoryLock lock(directory);
  IMPASTO_ASSIGN_OR_RETURN(ChecksumRecord record, ReadChecksumRecord(directory));
  change(&record);
  Json json = {{"files", Json::object()}, {"sources", Json::object()}};
  for (const auto& [name, file] : record.files) {
    json["files"][name] = {{"sha256", file.sha256}, {"bytes", file.bytes}, {"source", file.source}};
  }
  for (const auto& [location, sha256] : record.sources) json["sources"][location] = sha256;
  // A file's name need not be UTF-8.
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace);
  return WriteFileAtomically(JoinPath(directory, kChecksumRecordName), text + "\n");
}

}  // namespace impasto::engine
