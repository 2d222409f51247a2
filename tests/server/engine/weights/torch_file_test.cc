#include "engine/weights/torch_file.h"

#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/testing/pickle_writer.h"
#include "tests/testing/weights_files.h"

namespace impasto::engine {
namespace {

using ::impasto::testing::ElementsToBytes;
using ::impasto::testing::PickleWriter;
using ::impasto::testing::TorchLegacyBytes;
using ::impasto::testing::WriteZip;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Entries = std::map<std::string, std::string>;

absl::StatusOr<std::unique_ptr<TensorSource>> OpenEntries(const Entries& entries, bool compress = false) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/torch_file_test.zip");
  EXPECT_TRUE(WriteZip(path, entries, compress).ok());
  absl::StatusOr<std::unique_ptr<ByteSource>> bytes = OpenFileBytes(path);
  EXPECT_TRUE(bytes.ok());
  absl::StatusOr<std::unique_ptr<ZipArchive>> archive = ZipArchive::Open(*std::move(bytes));
  if (!archive.ok()) return archive.status();
  return OpenTorchZip(*std::move(archive));
}

// The first tensor's numbers, or what went wrong on the way.
absl::StatusOr<std::vector<float>> ReadFirst(absl::StatusOr<std::unique_ptr<TensorSource>> source) {
  if (!source.ok()) return source.status();
  return (*source)->Read(0);
}

void ExpectRefused(const absl::Status& status, const std::string& reason) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
}

// A zip file with one tensor "w" over the storage 0..11.
Entries OneTensor(const std::string& storage_class, ElementType type, int64_t offset,
                  const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
  std::vector<float> numbers;
  for (int i = 0; i < 12; ++i) numbers.push_back(static_cast<float>(i));
  return {{"x/data.pkl", PickleWriter()
                             .EmptyDict()
                             .Mark()
                             .Text("w")
                             .Tensor(storage_class, "0", 12, offset, shape, strides)
                             .SetItems()
                             .Stop()
                             .bytes()},
          {"x/data/0", ElementsToBytes(numbers, type)}};
}

TEST(TorchZipTest, ReadsEveryFloat) {
  for (const auto& [name, type] :
       {std::pair("FloatStorage", ElementType::kF32), std::pair("HalfStorage", ElementType::kF16),
        std::pair("BFloat16Storage", ElementType::kBF16), std::pair("DoubleStorage", ElementType::kF64),
        std::pair("ByteStorage", ElementType::kU8)}) {
    const auto values = ReadFirst(OpenEntries(OneTensor(name, type, 0, {12}, {1})));
    ASSERT_TRUE(values.ok()) << values.status();
    EXPECT_THAT(*values, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)) << name;
  }
}

TEST(TorchZipTest, FollowsOffsetsAndStrides) {
  const auto read = [](int64_t offset, const std::vector<int64_t>& shape,
                       const std::vector<int64_t>& strides) {
    return *ReadFirst(OpenEntries(OneTensor("FloatStorage", ElementType::kF32, offset, shape, strides)));
  };
  EXPECT_THAT(read(5, {3}, {1}), ElementsAre(5, 6, 7));
  EXPECT_THAT(read(0, {3, 4}, {1, 3}), ElementsAre(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11)) << "transposed";
  EXPECT_THAT(read(1, {2, 2}, {6, 2}), ElementsAre(1, 3, 7, 9)) << "every other";
  EXPECT_THAT(read(4, {3}, {0}), ElementsAre(4, 4, 4)) << "expanded";
  EXPECT_THAT(read(11, {1, 1}, {100, 100}), ElementsAre(11)) << "strides of single rows don't matter";
  EXPECT_THAT(read(2, {}, {}), ElementsAre(2)) << "a single number";
  EXPECT_TRUE(read(0, {0, 4}, {4, 1}).empty());
}

TEST(TorchZipTest, TensorStaysInItsStorage) {
  const auto status = [](int64_t offset, const std::vector<int64_t>& shape,
                         const std::vector<int64_t>& strides) {
    return OpenEntries(OneTensor("FloatStorage", ElementType::kF32, offset, shape, strides)).status();
  };
  ExpectRefused(status(0, {13}, {1}), "reaches past the end of its storage of 12 numbers");
  ExpectRefused(status(12, {1}, {1}), "reaches past the end");
  ExpectRefused(status(0, {2}, {12}), "reaches past the end");
  ExpectRefused(status(INT64_MAX, {2}, {1}), "reaches past the end");
  ExpectRefused(status(0, {INT64_MAX, INT64_MAX}, {INT64_MAX, 2}), "impossible strides");
  ExpectRefused(status(0, {3, 3}, {INT64_MAX / 2, INT64_MAX / 2}), "impossible strides");
}

TEST(TorchZipTest, StorageIsAsLongAsItsPickleSays) {
  Entries entries = OneTensor("FloatStorage", ElementType::kF32, 0, {12}, {1});
  entries["x/data/0"].resize(47);
  ExpectRefused(ReadFirst(OpenEntries(entries)).status(), "has 47 bytes, too few for 12 numbers of float32");
  entries.erase("x/data/0");
  ExpectRefused(ReadFirst(OpenEntries(entries)).status(), "the file lacks the storage 'x/data/0'");
}

TEST(TorchZipTest, HugeClaimCostsNothing) {
  const Entries entries = {
      {"x/data.pkl", PickleWriter()
                         .EmptyDict()
                         .Mark()
                         .Text("w")
                         .Tensor("FloatStorage", "0", int64_t{1} << 50, 0, {int64_t{1} << 40}, {1})
                         .SetItems()
                         .Stop()
                         .bytes()},
      {"x/data/0", "abcd"}};
  ExpectRefused(ReadFirst(OpenEntries(entries)).status(), "spans");
}

TEST(TorchZipTest, CompressedStoragesAreRefused) {
  ExpectRefused(
      ReadFirst(OpenEntries(OneTensor("ByteStorage", ElementType::kF32, 0, {12}, {1}), /*compress=*/true))
          .status(),
      "is compressed");
}

TEST(TorchZipTest, HasOnePickleThatIsADict) {
  Entries entries = OneTensor("FloatStorage", ElementType::kF32, 0, {12}, {1});
  entries["y/data.pkl"] = entries["x/data.pkl"];
  ExpectRefused(OpenEntries(entries).status(), "several data.pkl");
  ExpectRefused(OpenEntries({{"x/data.txt", "a"}}).status(), "no data.pkl");
  ExpectRefused(OpenEntries({{"x/data.pkl", PickleWriter().Int(1).Stop().bytes()}}).status(),
                "no dict of tensors");
}

TEST(TorchZipTest, BigEndianIsRefused) {
  Entries entries = OneTensor("FloatStorage", ElementType::kF32, 0, {12}, {1});
  entries["x/byteorder"] = "big";
  ExpectRefused(OpenEntries(entries).status(), "big-endian");
  entries["x/byteorder"] = "little";
  EXPECT_TRUE(OpenEntries(entries).ok());
}

TEST(TorchZipTest, PickleOfCodeIsRefused) {
  ExpectRefused(
      OpenEntries({{"x/data.pkl",
                    PickleWriter().Global("os", "system").Mark().Text("id").Tuple().Reduce().Stop().bytes()}})
          .status(),
      "calls 'os.system'");
}

TEST(TorchZipTest, ChecksumIsChecked) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/torch_file_test_crc.zip");
  ASSERT_TRUE(WriteZip(path, OneTensor("FloatStorage", ElementType::kF32, 0, {12}, {1}), false).ok());
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const float five = 5;
  const size_t at = bytes.find(std::string(reinterpret_cast<const char*>(&five), sizeof(five)));
  ASSERT_NE(at, std::string::npos);
  bytes[at + 3] ^= 1;
  auto source = OpenTorchZip(*ZipArchive::Open(MemoryBytes(bytes)));
  ExpectRefused(ReadFirst(std::move(source)).status(), "'x/data/0' of the zip file");
}

TEST(TorchZipTest, OtherValuesAreLeftAlone) {
  const Entries entries = {{"data.pkl", PickleWriter()
                                            .EmptyDict()
                                            .Mark()
                                            .Text("epoch")
                                            .Int(3)
                                            .Text("nested")
                                            .EmptyDict()
                                            .Int(4)
                                            .None()
                                            .SetItems()
                                            .Stop()
                                            .bytes()}};
  const auto source = OpenEntries(entries);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE((*source)->tensors().empty());
}

TEST(TorchLegacyTest, ReadsTensors) {
  const std::string bytes =
      TorchLegacyBytes({{"b", {2}, {1, 2}}, {"a", {2, 2}, {3, 4, 5, 6}}}, ElementType::kF16);
  ASSERT_TRUE(LooksLikeTorchLegacy(*MemoryBytes(bytes)));
  const auto source = OpenTorchLegacy(MemoryBytes(bytes));
  ASSERT_TRUE(source.ok()) << source.status();
  ASSERT_EQ((*source)->tensors().size(), 2u);
  EXPECT_EQ((*source)->tensors()[0].name, "a");
  EXPECT_EQ((*source)->tensors()[0].type, ElementType::kF16);
  EXPECT_THAT(*(*source)->Read(0), ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(*(*source)->Read(1), ElementsAre(1, 2));
}

TEST(TorchLegacyTest, EveryCutIsRefused) {
  const std::string bytes =
      TorchLegacyBytes({{"b", {2}, {1, 2}}, {"a", {2, 2}, {3, 4, 5, 6}}}, ElementType::kF32);
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(OpenTorchLegacy(MemoryBytes(bytes.substr(0, length))).status().code(),
              absl::StatusCode::kInvalidArgument)
        << length;
  }
}

TEST(TorchLegacyTest, StorageLengthIsChecked) {
  std::string bytes = TorchLegacyBytes({{"b", {2}, {1, 2}}}, ElementType::kF32);
  const size_t length_at = bytes.size() - 8 - sizeof(int64_t);
  for (const int64_t claim : {int64_t{-1}, int64_t{1}, int64_t{3}, INT64_MAX, INT64_MIN}) {
    std::memcpy(bytes.data() + length_at, &claim, sizeof(claim));
    ExpectRefused(OpenTorchLegacy(MemoryBytes(bytes)).status(),
                  absl::StrCat("claims ", claim, " numbers where 2 are expected"));
  }
}

TEST(TorchLegacyTest, HeadIsChecked) {
  const std::string magic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  const std::string protocol = PickleWriter().Int(1001).Stop().bytes();
  const auto system = [](bool little) {
    return PickleWriter().EmptyDict().Mark().Text("little_endian").Bool(little).SetItems().Stop().bytes();
  };
  ExpectRefused(OpenTorchLegacy(MemoryBytes(protocol)).status(), "doesn't start as a torch file does");
  ExpectRefused(OpenTorchLegacy(MemoryBytes(magic + PickleWriter().Int(7).Stop().bytes())).status(),
                "protocol is not 1001");
  ExpectRefused(OpenTorchLegacy(MemoryBytes(magic + protocol + system(false))).status(), "big-endian");
  ExpectRefused(
      OpenTorchLegacy(MemoryBytes(magic + protocol + PickleWriter().Int(1).Stop().bytes())).status(),
      "big-endian");
  const std::string head = magic + protocol + system(true);
  ExpectRefused(
      OpenTorchLegacy(
          MemoryBytes(head + PickleWriter().Global("os", "system").EmptyTuple().Reduce().Stop().bytes()))
          .status(),
      "calls 'os.system'");
  const std::string empty = head + PickleWriter().EmptyDict().Stop().bytes();
  ExpectRefused(OpenTorchLegacy(MemoryBytes(empty + PickleWriter().Int(1).Stop().bytes())).status(),
                "list of storages is damaged");
  ExpectRefused(OpenTorchLegacy(
                    MemoryBytes(empty + PickleWriter().EmptyList().Mark().Text("9").Appends().Stop().bytes()))
                    .status(),
                "the storage '9' belongs to no tensor");
  EXPECT_TRUE(OpenTorchLegacy(MemoryBytes(empty + PickleWriter().EmptyList().Stop().bytes())).ok());
}

}  // namespace
}  // namespace impasto::engine
