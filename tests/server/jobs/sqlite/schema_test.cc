#include "jobs/sqlite/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/jobs/sqlite/temp_folder.h"

namespace impasto::jobs {
namespace {

using testing::TempFolder;

class SchemaTest : public ::testing::Test {
 protected:
  SchemaTest() : database_(*Database::Open(folder_ / "a.db")) {}

  int64_t Version() { return *database_->ReadInteger("PRAGMA user_version"); }

  const TempFolder folder_;
  const std::unique_ptr<Database> database_;
};

constexpr const char* kOne[] = {"CREATE TABLE a (x)"};
constexpr const char* kTwo[] = {"CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 5"};
constexpr const char* kBroken[] = {"CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y; nonsense"};

TEST_F(SchemaTest, AnEmptyDatabaseTakesAllSteps) {
  EXPECT_EQ(Version(), 0);
  ASSERT_EQ(BringUp(database_.get(), JournalSteps()), absl::OkStatus());
  EXPECT_EQ(Version(), static_cast<int64_t>(JournalSteps().size()));
  EXPECT_EQ(*database_->ReadInteger("SELECT count(*) FROM jobs, events, unclaimed"), 0);
  EXPECT_EQ(BringUp(database_.get(), JournalSteps()), absl::OkStatus());
}

TEST_F(SchemaTest, AnOlderOneTakesTheRest) {
  ASSERT_EQ(BringUp(database_.get(), kOne), absl::OkStatus());
  ASSERT_EQ(database_->Execute("INSERT INTO a VALUES (3)"), absl::OkStatus());
  ASSERT_EQ(BringUp(database_.get(), kTwo), absl::OkStatus());
  EXPECT_EQ(Version(), 2);
  EXPECT_EQ(*database_->ReadInteger("SELECT x * 10 + y FROM a"), 35);
}

TEST_F(SchemaTest, ANewerOneIsRefused) {
  ASSERT_EQ(BringUp(database_.get(), kTwo), absl::OkStatus());
  EXPECT_EQ(BringUp(database_.get(), kOne),
            absl::FailedPreconditionError(absl::StrCat(
                folder_ / "a.db",
                " was written by a newer version of Impasto: its format is 2, this version knows up to 1."
                " Start the newer version, or choose another folder with --state-dir")));
  EXPECT_EQ(Version(), 2);
}

TEST_F(SchemaTest, AStepIsTakenAsAWhole) {
  EXPECT_EQ(BringUp(database_.get(), kBroken).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Version(), 1);
  EXPECT_EQ(BringUp(database_.get(), kTwo), absl::OkStatus());
}

TEST_F(SchemaTest, AnotherProgramsDatabaseIsNoJournal) {
  ASSERT_EQ(database_->Execute("CREATE TABLE theirs (x)"), absl::OkStatus());
  EXPECT_EQ(BringUp(database_.get(), JournalSteps()),
            absl::DataLossError(absl::StrCat(folder_ / "a.db", ": it isn't a journal of Impasto")));
  for (const std::string version : {"1", "-1", "2000000000"}) {
    ASSERT_EQ(database_->Execute("PRAGMA user_version=" + version), absl::OkStatus());
    EXPECT_EQ(BringUp(database_.get(), JournalSteps()).code(), absl::StatusCode::kDataLoss) << version;
  }
}

TEST_F(SchemaTest, AVersionThatCannotBeIsDamage) {
  ASSERT_EQ(BringUp(database_.get(), kOne), absl::OkStatus());
  for (const std::string version : {"-1", "2000000000"}) {
    ASSERT_EQ(database_->Execute("PRAGMA user_version=" + version), absl::OkStatus());
    EXPECT_EQ(BringUp(database_.get(), kOne).code(), absl::StatusCode::kDataLoss) << version;
  }
}

}  // namespace
}  // namespace impasto::jobs
