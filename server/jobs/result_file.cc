#include "jobs/result_file.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/length_prefix.h"
#include "base/status_macros.h"

namespace impasto::jobs {
namespace {

// A handful of numbers; a length beyond this is none.
constexpr uint32_t kMaxHeaderBytes = 4096;

}  // namespace

absl::Status WriteResult(Journal& journal, const std::string& job, const EncodedPicture& picture) {
  return journal.WriteFile(job, JobFile::kResult, [&](const ByteSink& sink) -> absl::Status {
    IMPASTO_RETURN_IF_ERROR(sink(WithLength(picture.header.SerializeAsString())));
    return sink(picture.data);
  });
}

absl::StatusOr<std::shared_ptr<const EncodedPicture>> ReadResult(Journal& journal, const std::string& job) {
  IMPASTO_ASSIGN_OR_RETURN(const std::unique_ptr<std::istream> file, journal.OpenFile(job, JobFile::kResult));
  const absl::StatusOr<std::string> header = ReadWithLength(*file, kMaxHeaderBytes);
  auto picture = std::make_shared<EncodedPicture>();
  if (!header.ok() || !picture->header.ParseFromString(*header)) {
    return absl::DataLossError(absl::StrCat(job, ": its result is no picture"));
  }
  picture->data.assign(std::istreambuf_iterator<char>(*file), {});
  return picture;
}

}  // namespace impasto::jobs
