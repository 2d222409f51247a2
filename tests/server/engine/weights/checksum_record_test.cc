#include "engine/weights/checksum_record.h"

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/testing/weights_files.h"

namespace impasto::engine {
namespace {

class ChecksumRecordTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = absl::StrCat(::testing::TempDir(), "/checksum_record_test_", info->name());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  std::string directory_;
};

TEST_F(ChecksumRecordTest, WritesAndReads) {
  EXPECT_TRUE(ReadChecksumRecord(directory_)->files.empty());
  ASSERT_TRUE(UpdateChecksumRecord(directory_, [](ChecksumRecord* record) {
                record->files["w \"quoted\".h5"] = {"abc", 123, "https://x"};
                record->sources["https://x"] = "abc";
              }).ok());
  const auto record = ReadChecksumRecord(directory_);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->files.at("w \"quoted\".h5").sha256, "abc");
  EXPECT_EQ(record->files.at("w \"quoted\".h5").bytes, 123);
  EXPECT_EQ(record->files.at("w \"quoted\".h5").source, "https://x");
  EXPECT_EQ(record->sources.at("https://x"), "abc");
}

TEST_F(ChecksumRecordTest, DamagedRecordIsNotOverwritten) {
  const std::string path = absl::StrCat(directory_, "/", kChecksumRecordName);
  for (const char* text : {"", "{", "[]", "1"}) {
    impasto::testing::WriteBytes(path, text);
    EXPECT_EQ(ReadChecksumRecord(directory_).status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(UpdateChecksumRecord(directory_, [](ChecksumRecord*) {}).code(),
              absl::StatusCode::kInvalidArgument);
  }
  impasto::testing::WriteBytes(path, R"({"files":{"a":1,"b":{"sha256":2}},"sources":{"c":3}})");
  EXPECT_TRUE(ReadChecksumRecord(directory_).ok());
  impasto::testing::WriteBytes(path, R"({"files":[1],"sources":7})");
  EXPECT_TRUE(ReadChecksumRecord(directory_).ok());
}

TEST_F(ChecksumRecordTest, NoUpdateIsLost) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      for (int round = 0; round < 5; ++round) {
        ASSERT_TRUE(UpdateChecksumRecord(directory_, [&](ChecksumRecord* record) {
                      record->sources[absl::StrCat(i, "-", round)] = "x";
                    }).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ReadChecksumRecord(directory_)->sources.size(), 20u);
}

}  // namespace
}  // namespace impasto::engine
