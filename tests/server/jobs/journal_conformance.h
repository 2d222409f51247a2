// What every journal has to pass: each is instantiated in its own folder's test.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "jobs/journal.h"

namespace impasto::jobs {

struct JournalCase {
  std::string name;
  // A new, empty one.
  std::function<std::unique_ptr<Journal>()> make;
};

inline void PrintTo(const JournalCase& journal, std::ostream* out) { *out << journal.name; }

class JournalConformance : public ::testing::TestWithParam<JournalCase> {
 protected:
  JournalConformance() : journal_(GetParam().make()) {}

  const std::unique_ptr<Journal> journal_;
};

}  // namespace impasto::jobs
