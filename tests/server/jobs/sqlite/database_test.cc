#include "jobs/sqlite/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/server/jobs/sqlite/child.h"
#include "tests/server/jobs/sqlite/temp_folder.h"

namespace impasto::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Listing;
using testing::PassesInChild;
using testing::TempFolder;
using testing::WriteBytes;

class DatabaseTest : public ::testing::Test {
 protected:
  const TempFolder folder_;
  const std::string path_ = folder_ / "a.db";
};

TEST_F(DatabaseTest, IsSafeAgainstPowerFailuresAndMapsNothing) {
  auto database = *Database::Open(path_);
  ASSERT_EQ(database->Execute("CREATE TABLE t (x)"), absl::OkStatus());
  EXPECT_EQ(*database->ReadText("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(*database->ReadInteger("PRAGMA synchronous"), 2);  // FULL
  EXPECT_EQ(*database->ReadInteger("PRAGMA foreign_keys"), 1);
  EXPECT_THAT(Listing(folder_.path()), ElementsAre("a.db", "a.db-wal"));  // no -shm
}

TEST_F(DatabaseTest, StatementsBindAndRead) {
  auto database = *Database::Open(path_);
  ASSERT_EQ(database->Execute("CREATE TABLE t (a NOT NULL, b NOT NULL, c NOT NULL)"), absl::OkStatus());
  Statement put = *database->Prepare("INSERT INTO t VALUES (?1, ?2, ?3)");
  const std::string zeros("\0x\0", 3);
  for (const int64_t number : {int64_t{-1}, INT64_MAX}) {
    put.Bind(1, number);
    put.BindText(2, "");
    put.BindBlob(3, number < 0 ? absl::string_view() : absl::string_view(zeros));
    ASSERT_EQ(put.Run(), absl::OkStatus());
  }
  Statement rows = *database->Prepare("SELECT a, b, c FROM t ORDER BY a");
  for (int round = 0; round < 2; ++round) {
    const StatementReset reset(&rows);
    ASSERT_TRUE(*rows.Step());
    EXPECT_EQ(rows.Integer(0), -1);
    EXPECT_EQ(rows.Bytes(1), "");
    EXPECT_EQ(rows.Bytes(2), "");
    ASSERT_TRUE(*rows.Step());
    EXPECT_EQ(rows.Integer(0), INT64_MAX);
    EXPECT_EQ(rows.Bytes(2), zeros);
    EXPECT_FALSE(*rows.Step());
  }
}

TEST_F(DatabaseTest, ATransactionThatFailsIsUndone) {
  auto database = *Database::Open(path_);
  ASSERT_EQ(database->Execute("CREATE TABLE t (x UNIQUE)"), absl::OkStatus());
  EXPECT_EQ(database->Transact([&] {
    EXPECT_EQ(database->Execute("INSERT INTO t VALUES (1)"), absl::OkStatus());
    return absl::AbortedError("no");
  }),
            absl::AbortedError("no"));
  const absl::Status twice = database->Transact(
      [&] { return database->Execute("INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)"); });
  EXPECT_EQ(twice, absl::InternalError(absl::StrCat(path_, ": UNIQUE constraint failed: t.x")));
  EXPECT_EQ(*database->ReadInteger("SELECT count(*) FROM t"), 0);
  EXPECT_EQ(database->Transact([&] { return database->Execute("INSERT INTO t VALUES (1)"); }),
            absl::OkStatus());
  EXPECT_EQ(*database->ReadInteger("SELECT count(*) FROM t"), 1);
}

TEST_F(DatabaseTest, NonsenseIsInternal) {
  auto database = *Database::Open(path_);
  EXPECT_EQ(database->Prepare("SELECT * FROM none").status(),
            absl::InternalError(absl::StrCat(path_, ": no such table: none")));
  EXPECT_EQ(database->Execute("gibberish").code(), absl::StatusCode::kInternal);
}

TEST_F(DatabaseTest, GarbageIsDataLoss) {
  WriteBytes(path_, std::string(10'000, 'x'));
  EXPECT_EQ(Database::Open(path_).status(),
            absl::DataLossError(absl::StrCat(path_, ": file is not a database")));
}

TEST_F(DatabaseTest, OneConnectionAtATime) {
  auto database = *Database::Open(path_);
  EXPECT_EQ(Database::Open(path_).status(),
            absl::UnavailableError(absl::StrCat(path_, ": database is locked")));
}

TEST_F(DatabaseTest, NoFolder) {
  EXPECT_EQ(Database::Open(folder_ / "none/a.db").status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(DatabaseTest, NoPermission) {
  { auto database = *Database::Open(path_); }
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(path_, std::filesystem::perms(0));
  EXPECT_TRUE(PassesInChild([&] {
    if (geteuid() == 0) {
      constexpr uid_t kNobody = 65534;
      ASSERT_EQ(seteuid(kNobody), 0);
    }
    const absl::Status status = Database::Open(path_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  }));
}

}  // namespace
}  // namespace impasto::jobs
