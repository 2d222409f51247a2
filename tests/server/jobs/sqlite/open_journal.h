// A journal on disk as tests open it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "jobs/sqlite/sqlite_journal.h"

namespace impasto::jobs::testing {

inline const absl::Time kOpenTime = absl::FromUnixSeconds(1'800'000'000);
inline constexpr char kOpenTimeText[] = "20270115T080000Z";

// `lines` gets what it logs, and outlives it.
inline absl::StatusOr<std::unique_ptr<Journal>> TryOpenJournal(const std::string& path,
                                                               std::vector<std::string>* lines = nullptr) {
  absl::StatusOr<std::unique_ptr<StateDir>> state = StateDir::Open(path);
  if (!state.ok()) return state.status();
  SqliteJournalOptions options;
  if (lines != nullptr) options.log = [lines](const std::string& line) { lines->push_back(line); };
  options.wall_time = [] { return kOpenTime; };
  return OpenSqliteJournal(*std::move(state), std::move(options));
}

inline std::unique_ptr<Journal> OpenJournal(const std::string& path,
                                            std::vector<std::string>* lines = nullptr) {
  auto journal = TryOpenJournal(path, lines);
  EXPECT_TRUE(journal.ok()) << journal.status();
  return journal.ok() ? *std::move(journal) : nullptr;
}

}  // namespace impasto::jobs::testing
