#include "engine/weights/store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/weights/checksum_record.h"
#include "engine/weights/files.h"
#include "engine/weights/sha256.h"
#include "tests/testing/small_nets.h"
#include "tests/testing/weights_files.h"

namespace impasto::engine {
namespace {

using ::impasto::testing::SmallNet;
using ::impasto::testing::WeightsFormat;
using ::impasto::testing::WriteBytes;
using ::impasto::testing::WriteWeightsFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = absl::StrCat(::testing::TempDir(), "/store_test_", info->name());
    elsewhere_ = directory_ + ".elsewhere";
    fs::remove_all(directory_);
    fs::remove_all(elsewhere_);
    fs::create_directories(elsewhere_);
  }
  void Write(const std::string& directory, const std::string& name, const std::string& model,
             WeightsFormat format, int missing = 0, ElementType type = ElementType::kF32) {
    fs::create_directories(directory);
    const Graph graph = SmallNet(*MakeGraph(model), 32);
    Weights weights = RandomWeights(graph, 1);
    for (int i = 0; i < missing; ++i) weights.layers.erase(std::prev(weights.layers.end()));
    ASSERT_TRUE(WriteWeightsFile(JoinPath(directory, name), format, graph, weights, type).ok());
  }
  std::vector<std::string> Names(const std::vector<WeightsFileInfo>& files) {
    std::vector<std::string> names;
    for (const WeightsFileInfo& info : files) names.push_back(BaseName(info.path));
    return names;
  }
  std::string directory_;
  std::string elsewhere_;
};

TEST_F(StoreTest, ListsByWhatFilesHold) {
  Write(directory_, "a.txt", "resnet50", WeightsFormat::kKerasNested);
  Write(directory_, "b", "vgg16", WeightsFormat::kTorchLegacy);
  Write(directory_, "c.bin", "vgg19", WeightsFormat::kPasticheBin);
  Write(directory_, ".hidden.h5", "vgg19", WeightsFormat::kKerasFlat);
  Write(directory_, "d.h5.part", "vgg19", WeightsFormat::kKerasFlat);
  WriteBytes(directory_ + "/README.md", "about these files");
  WriteBytes(directory_ + "/damaged.h5", "\x89HDF\r\n\x1a\n");
  WriteBytes(directory_ + "/squeezenet.SAFETENSORS", "x");
  fs::create_directories(directory_ + "/folder.h5");
  const auto listing = WeightsStore(directory_).List();
  ASSERT_TRUE(listing.ok()) << listing.status();
  EXPECT_THAT(Names(listing->files), ElementsAre("c.bin", "b", "a.txt"));
  EXPECT_THAT(listing->refused,
              ElementsAre(HasSubstr("/damaged.h5: "), HasSubstr("/squeezenet.SAFETENSORS: ")));
}

TEST_F(StoreTest, BestFileFirst) {
  Write(directory_, "eight_bits.bin", "vgg19", WeightsFormat::kPasticheBin);
  Write(directory_, "half.pth", "vgg19", WeightsFormat::kTorchZip, 0, ElementType::kF16);
  Write(directory_, "full_z.h5", "vgg19", WeightsFormat::kKerasFlat);
  Write(directory_, "full_a.h5", "vgg19", WeightsFormat::kKerasFlat);
  Write(directory_, "double.h5", "vgg19", WeightsFormat::kKerasFlat, 0, ElementType::kF64);
  Write(directory_, "partial_4.h5", "vgg19", WeightsFormat::kKerasFlat, 4);
  Write(directory_, "partial_2.h5", "vgg19", WeightsFormat::kKerasFlat, 2);
  const WeightsStore store(directory_);
  EXPECT_THAT(Names(store.List()->files), ElementsAre("double.h5", "full_a.h5", "full_z.h5", "half.pth",
                                                      "eight_bits.bin", "partial_2.h5", "partial_4.h5"));
  EXPECT_EQ(BaseName(store.Find("vgg19")->path), "double.h5");
}

TEST_F(StoreTest, NothingFoundTellsWhatToDo) {
  const WeightsStore store(directory_);
  EXPECT_EQ(store.List().status().code(), absl::StatusCode::kNotFound);
  const absl::Status none = store.Find("vgg16").status();
  EXPECT_EQ(none.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(none.message()),
              HasSubstr(absl::StrCat("impastod weights pull vgg16 --weights-dir ", directory_)));
  Write(directory_, "r.h5", "resnet50", WeightsFormat::kKerasNested);
  WriteBytes(directory_ + "/damaged.h5", "x");
  const absl::Status damaged = store.Find("vgg16").status();
  EXPECT_EQ(damaged.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(damaged.message()), HasSubstr("damaged.h5"));
}

TEST_F(StoreTest, ImportCopiesAndRecords) {
  Write(elsewhere_, "w.safetensors", "vgg16", WeightsFormat::kSafetensors);
  const std::string from = elsewhere_ + "/w.safetensors";
  WeightsStore store(directory_ + "/made/as/needed");
  const auto info = store.Import(from);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->path, store.directory() + "/w.safetensors");
  EXPECT_EQ(*Sha256OfFile(info->path), *Sha256OfFile(from));
  const ChecksumRecord record = *ReadChecksumRecord(store.directory());
  EXPECT_EQ(record.files.at("w.safetensors").sha256, *Sha256OfFile(from));
  EXPECT_EQ(record.files.at("w.safetensors").source, from);
  EXPECT_TRUE(store.Import(from).ok()) << "the same bytes again are fine";
  EXPECT_TRUE(store.Import(info->path).ok()) << "even the very same file";
  int files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(store.directory())) ++files;
  EXPECT_EQ(files, 2) << "no temporary file is left";
}

TEST_F(StoreTest, ImportReplacesNothing) {
  Write(elsewhere_, "w.h5", "vgg16", WeightsFormat::kKerasFlat);
  Write(directory_, "w.h5", "vgg19", WeightsFormat::kKerasFlat);
  WeightsStore store(directory_);
  const absl::Status status = store.Import(elsewhere_ + "/w.h5").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(store.Find("vgg19")->model, "vgg19");
}

TEST_F(StoreTest, ImportChecks) {
  WeightsStore store(directory_);
  WriteBytes(elsewhere_ + "/bad.h5", "x");
  EXPECT_EQ(store.Import(elsewhere_ + "/bad.h5").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store.Import(elsewhere_ + "/none.h5").status().code(), absl::StatusCode::kNotFound);
  Write(elsewhere_, ".hidden.h5", "vgg19", WeightsFormat::kKerasFlat);
  EXPECT_EQ(store.Import(elsewhere_ + "/.hidden.h5").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(fs::exists(directory_)) << "nothing is made for what is refused";
}

TEST(DefaultWeightsDirectoryTest, FollowsTheEnvironment) {
  setenv("HOME", "/h", 1);
  unsetenv("IMPASTO_WEIGHTS_DIR");
  unsetenv("XDG_DATA_HOME");
  EXPECT_EQ(DefaultWeightsDirectory(), "/h/.local/share/impasto/weights");
  setenv("XDG_DATA_HOME", "/data", 1);
  EXPECT_EQ(DefaultWeightsDirectory(), "/data/impasto/weights");
  setenv("IMPASTO_WEIGHTS_DIR", "/w", 1);
  EXPECT_EQ(DefaultWeightsDirectory(), "/w");
}

}  // namespace
}  // namespace impasto::engine
