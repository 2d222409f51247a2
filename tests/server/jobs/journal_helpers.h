// Short words for what tests put into journals and read back.
#pragma once

#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "jobs/journal.h"

namespace impasto::jobs::testing {

inline JobRecord Record(const std::string& id, int64_t create_seconds, const std::string& display_name = "") {
  JobRecord record;
  record.job.set_name(absl::StrCat("jobs/", id));
  record.job.set_display_name(display_name);
  record.job.mutable_create_time()->set_seconds(create_seconds);
  record.request_digest = absl::StrCat("digest of ", id);
  return record;
}

inline std::string EventMessage(int64_t sequence, double loss = 1) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  event.mutable_progress()->set_total_loss(loss);
  return event.SerializeAsString();
}

inline JournalEvent Event(const std::string& id, int64_t sequence, double loss = 1) {
  return {absl::StrCat("jobs/", id), sequence, EventMessage(sequence, loss)};
}

// In several pieces.
inline ByteWriter Bytes(std::string bytes) {
  return [bytes = std::move(bytes)](const ByteSink& sink) {
    constexpr size_t kPiece = 100'000;
    absl::Status status = sink("");
    for (size_t at = 0; status.ok() && at < bytes.size(); at += kPiece)
      status = sink(absl::string_view(bytes).substr(at, kPiece));
    return status;
  };
}

// All of the file; the status's words where there is none.
inline std::string ReadAll(absl::StatusOr<std::unique_ptr<std::istream>> file) {
  if (!file.ok()) return file.status().ToString();
  std::string bytes(std::istreambuf_iterator<char>(**file), {});
  EXPECT_FALSE((*file)->bad());
  return bytes;
}

inline std::vector<std::string> Names(Journal& journal) {
  auto records = journal.LoadJobs();
  EXPECT_TRUE(records.ok()) << records.status();
  std::vector<std::string> names;
  if (records.ok()) {
    for (const JobRecord& record : *records) names.push_back(record.job.name());
  }
  return names;
}

}  // namespace impasto::jobs::testing
