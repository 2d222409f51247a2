#include "jobs/sqlite/set_aside.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/jobs/sqlite/temp_folder.h"

namespace impasto::jobs {
namespace {

using ::testing::ElementsAre;
using testing::Listing;
using testing::ReadBytes;
using testing::TempFolder;
using testing::WriteBytes;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

TEST(SetAsideTest, RenamesWithWhatBelongsToIt) {
  const TempFolder folder;
  WriteBytes(folder / "a.db", "main");
  WriteBytes(folder / "a.db-wal", "log");
  EXPECT_EQ(*SetAside(folder / "a.db", folder / "a", kNow, {"-wal", "-shm"}),
            folder / "a.corrupt-20270115T080000Z");
  EXPECT_THAT(Listing(folder.path()),
              ElementsAre("a.corrupt-20270115T080000Z", "a.corrupt-20270115T080000Z-wal"));
}

TEST(SetAsideTest, NeverReplacesWhatWasSetAsideBefore) {
  const TempFolder folder;
  for (const std::string bytes : {"1", "2", "3"}) {
    WriteBytes(folder / "a", bytes);
    ASSERT_TRUE(SetAside(folder / "a", folder / "a", kNow).ok());
  }
  EXPECT_THAT(Listing(folder.path()),
              ElementsAre("a.corrupt-20270115T080000Z", "a.corrupt-20270115T080000Z-2",
                          "a.corrupt-20270115T080000Z-3"));
  EXPECT_EQ(ReadBytes(folder / "a.corrupt-20270115T080000Z"), "1");
  EXPECT_EQ(ReadBytes(folder / "a.corrupt-20270115T080000Z-3"), "3");
}

TEST(SetAsideTest, NothingThere) {
  const TempFolder folder;
  EXPECT_EQ(SetAside(folder / "a", folder / "a", kNow).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace impasto::jobs
