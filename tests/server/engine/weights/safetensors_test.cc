#include "engine/weights/safetensors.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace impasto::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string File(const std::string& header, const std::string& data = "") {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + header + data;
}

void ExpectRefused(const std::string& bytes, const std::string& reason) {
  const absl::Status status = OpenSafetensors(MemoryBytes(bytes)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
}

TEST(SafetensorsTest, ReadsTensors) {
  const float numbers[] = {1, 2.5f, -3};
  const std::string data(reinterpret_cast<const char*>(numbers), sizeof(numbers));
  const std::string bytes = File(
      R"({"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"s":{"dtype":"F32","shape":[],"data_offsets":[8,12]}})",
      data);
  ASSERT_TRUE(LooksLikeSafetensors(*MemoryBytes(bytes)));
  const auto source = OpenSafetensors(MemoryBytes(bytes));
  ASSERT_TRUE(source.ok()) << source.status();
  ASSERT_EQ((*source)->tensors().size(), 2u);
  EXPECT_EQ((*source)->tensors()[0].name, "w");
  EXPECT_EQ((*source)->tensors()[0].shape, (std::vector<int64_t>{1, 2}));
  EXPECT_THAT(*(*source)->Read(0), ElementsAre(1, 2.5f));
  EXPECT_THAT(*(*source)->Read(1), ElementsAre(-3));
}

TEST(SafetensorsTest, HeaderLengthIsChecked) {
  std::string bytes = File("{}");
  bytes[0] = 3;
  ExpectRefused(bytes, "cut off");
  uint64_t length = 100'000'001;
  bytes.replace(0, 8, reinterpret_cast<const char*>(&length), 8);
  ExpectRefused(bytes, "the format allows 100000000");
  EXPECT_TRUE(LooksLikeSafetensors(*MemoryBytes(bytes)));
  ExpectRefused(File("{}").substr(0, 7), "cut off");
}

TEST(SafetensorsTest, HeaderIsJsonOfItsForm) {
  ExpectRefused(File("{"), "no JSON");
  ExpectRefused(File("{}}"), "no JSON");
  ExpectRefused(File("[]"), "an array where none belongs");
  ExpectRefused(File("1"), "a number where none belongs");
  ExpectRefused(File(R"({"w":1})"), "a number where none belongs");
  ExpectRefused(File(R"({"w":{"dtype":{}}})"), "an object where none belongs");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})"),
                "an array where none belongs");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})"), "a negative number");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})"), "a fraction");
  ExpectRefused(File(R"({"w":{"dtype":null}})"), "null where none belongs");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})"),
                "a number where none belongs");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}})", "1234"),
                "more than 8 dimensions");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[1]}})"), "lacks its shape or its data_offsets");
  ExpectRefused(File(R"({"w":{"dtype":"F32","data_offsets":[0,4]}})", "1234"),
                "lacks its shape or its data_offsets");
  ExpectRefused(File(R"({"w":{}})"), "unknown dtype");
  ExpectRefused(File(R"({"w":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", "1"),
                "the unknown dtype 'F8_E4M3'");
  // A name twice: readers would differ in which one they take.
  const std::string w = R"("w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  ExpectRefused(File(absl::StrCat("{", w, ",", w, "}"), "1234"), "the header has 'w' twice");
}

TEST(SafetensorsTest, DeepNestingIsRefusedAtOnce) {
  ExpectRefused(File("{\"w\":" + std::string(5'000'000, '[')), "an array where none belongs");
  ExpectRefused(File(std::string(1'000'000, '{')), "no JSON");
}

TEST(SafetensorsTest, OffsetsFitTheFileAndTheShape) {
  const auto with = [](const std::string& shape, const std::string& offsets) {
    return File(absl::StrCat(R"({"w":{"dtype":"F32","shape":)", shape, R"(,"data_offsets":)", offsets, "}}"),
                "12345678");
  };
  EXPECT_TRUE(OpenSafetensors(MemoryBytes(with("[2]", "[0,8]"))).ok());
  ExpectRefused(with("[2]", "[0,9]"), "the file is cut off or damaged");
  ExpectRefused(with("[3]", "[0,12]"), "the file is cut off or damaged");
  ExpectRefused(with("[2]", "[8,0]"), "the file is cut off or damaged");
  ExpectRefused(with("[2]", "[18446744073709551615,18446744073709551615]"), "the file is cut off or damaged");
  ExpectRefused(with("[1]", "[0,8]"), "has 8 bytes of data, which doesn't match");
  ExpectRefused(with("[1099511627776,1099511627776]", "[0,8]"), "which doesn't match");
  ExpectRefused(with("[4294967296,4294967296,0]", "[0,8]"), "which doesn't match");
  ExpectRefused(with("[18446744073709551615]", "[0,8]"), "impossible dimension");
}

TEST(SafetensorsTest, EveryCutIsRefused) {
  const std::string bytes = File(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "12345678");
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(OpenSafetensors(MemoryBytes(bytes.substr(0, length))).status().code(),
              absl::StatusCode::kInvalidArgument)
        << length;
  }
}

TEST(SafetensorsTest, OtherFilesDoNotLookLikeIt) {
  EXPECT_FALSE(LooksLikeSafetensors(*MemoryBytes("")));
  EXPECT_FALSE(LooksLikeSafetensors(*MemoryBytes("12345678")));
  EXPECT_FALSE(LooksLikeSafetensors(*MemoryBytes("hello, world")));
  EXPECT_FALSE(LooksLikeSafetensors(*MemoryBytes("a longer text with a { in it")));
}

}  // namespace
}  // namespace impasto::engine
