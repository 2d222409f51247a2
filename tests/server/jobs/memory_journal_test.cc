#include "tests/server/jobs/journal_conformance.h"

namespace impasto::jobs {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, JournalConformance,
                         ::testing::Values(JournalCase{"memory", MakeMemoryJournal}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace impasto::jobs
