#include "app/style_statistics_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/stylization.h"
#include "tests/testing/full_disk.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::app {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kGramBytes = 4 * 4 * sizeof(float);

std::shared_ptr<const engine::Model> SmallVgg(int seed, const std::string& sha256 = "") {
  const engine::Graph graph = testing::SmallNet(engine::Vgg19(), 32);
  engine::Weights weights = testing::SeededWeights(graph, seed);
  weights.sha256 = sha256;
  return *engine::Model::Load(graph, std::move(weights), {.device = "cpu", .threads = 1});
}

Image Pattern(int width, int height, int seed) {
  Image image{.width = width, .height = height};
  for (size_t i = 0; i < 3 * image.pixels(); ++i)
    image.rgb.push_back(static_cast<float>((i * 97 + i / 7 * 31 + static_cast<size_t>(seed) * 53) % 256));
  return image;
}

class StyleStatisticsCacheTest : public ::testing::Test {
 protected:
  StyleStatisticsCacheTest() : folder_(absl::StrCat(::testing::TempDir(), "impasto-statistics-XXXXXX")) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    folder_ += "/a/b";  // made when it is needed
  }
  ~StyleStatisticsCacheTest() override { fs::remove_all(fs::path(folder_).parent_path().parent_path()); }

  StyleStatisticsCache::Options Options() {
    return {.folder = folder_, .warn = [this](const std::string& line) { warnings_.push_back(line); }};
  }

  // What the tests ask for; each may change some of it.
  struct Ask {
    std::string picture = "p";
    Size own_size = {64, 48};
    Size size = {32, 24};
    std::vector<std::string> layers = {"block1_conv1"};
    engine::Pooling pooling = engine::Pooling::kMax;
    std::shared_ptr<const engine::Model> model;
  };

  // The number that the statistics consist of.
  absl::StatusOr<float> Get(StyleStatisticsCache& cache, Ask ask, float computed = 1) {
    if (ask.model == nullptr) ask.model = model_;
    const auto statistics = cache.ForPictures({{ask.picture, ask.own_size}})({
        .model = *ask.model,
        .size = ask.size,
        .layers = ask.layers,
        .pooling = ask.pooling,
        .compute = [&]() -> absl::StatusOr<engine::StyleStatistics> {
          engine::StyleStatistics result{.layers = ask.layers};
          for (size_t i = 0; i < ask.layers.size(); ++i) result.grams.emplace_back(16, computed);
          return result;
        },
    });
    if (!statistics.ok()) return statistics.status();
    EXPECT_EQ((*statistics)->layers, ask.layers);
    return (*statistics)->grams[0][5];
  }
  absl::StatusOr<float> Get(StyleStatisticsCache& cache, const std::string& picture, float computed = 1) {
    return Get(cache, Ask{.picture = picture}, computed);
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    if (fs::exists(folder_)) {
      for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
    }
    return names;
  }
  // The one file of the picture.
  fs::path File(const std::string& picture) const {
    for (const std::string& name : Files()) {
      if (absl::StartsWith(name, picture + "-")) return fs::path(folder_) / name;
    }
    return {};
  }

  std::string folder_;
  std::vector<std::string> warnings_;
  std::shared_ptr<const engine::Model> model_ = SmallVgg(5);
};

MATCHER_P3(AreCounts, computed, from_memory, from_disk, "") {
  return arg.computed == computed && arg.from_memory == from_memory && arg.from_disk == from_disk;
}

TEST_F(StyleStatisticsCacheTest, ComputesOnceThenRemembers) {
  StyleStatisticsCache cache(Options());
  EXPECT_FALSE(cache.Knows("p"));
  EXPECT_EQ(*Get(cache, "p", 1), 1);
  EXPECT_EQ(*Get(cache, "p", 2), 1);
  EXPECT_EQ(*Get(cache, "q", 3), 3);
  EXPECT_THAT(cache.counts(), AreCounts(2, 1, 0));
  EXPECT_TRUE(cache.Knows("p"));
  EXPECT_FALSE(cache.Knows("r"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(StyleStatisticsCacheTest, AnotherServerFindsThemOnTheDisk) {
  { EXPECT_EQ(*Get(*std::make_unique<StyleStatisticsCache>(Options()), "p", 7), 7); }
  StyleStatisticsCache cache(Options());
  EXPECT_TRUE(cache.Knows("p"));
  EXPECT_EQ(*Get(cache, "p", 8), 7);
  EXPECT_EQ(*Get(cache, "p", 8), 7);
  EXPECT_THAT(cache.counts(), AreCounts(0, 1, 1));
}

TEST_F(StyleStatisticsCacheTest, WithoutAFolderInMemoryAlone) {
  StyleStatisticsCache::Options options = Options();
  options.folder = "";
  StyleStatisticsCache cache(options);
  EXPECT_EQ(*Get(cache, "p", 1), 1);
  EXPECT_EQ(*Get(cache, "p", 2), 1);
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(StyleStatisticsCacheTest, WhateverDecidesTheNumbersIsPartOfTheKey) {
  StyleStatisticsCache cache(Options());
  const auto torch = *engine::Model::Load(testing::SmallNet(engine::Vgg19(), 32),
                                          testing::SeededWeights(testing::SmallNet(engine::Vgg19(), 32), 5),
                                          {.device = "cpu", .threads = 1, .executor = "torch"});
  const std::vector<Ask> asks = {
      {},
      {.picture = "q"},
      {.own_size = {65, 48}},
      {.size = {32, 25}},
      {.layers = {"block1_conv2"}},
      {.layers = {"block1_conv1", "block1_conv2"}},
      {.layers = {"block1_conv2", "block1_conv1"}},
      {.pooling = engine::Pooling::kAverage},
      {.model = SmallVgg(5, "other weights")},
      {.model = torch},
  };
  for (size_t i = 0; i < asks.size(); ++i) EXPECT_EQ(*Get(cache, asks[i], static_cast<float>(i)), i);
  for (size_t i = 0; i < asks.size(); ++i) EXPECT_EQ(*Get(cache, asks[i], -1), i);
  EXPECT_THAT(cache.counts(), AreCounts(10, 10, 0));
  EXPECT_EQ(Files().size(), asks.size());
}

TEST_F(StyleStatisticsCacheTest, MemoryKeepsThoseUsedLast) {
  StyleStatisticsCache::Options options = Options();
  options.folder = "";
  options.max_memory_bytes = 2 * (kGramBytes + 12);  // and the layer's name
  StyleStatisticsCache cache(options);
  EXPECT_EQ(*Get(cache, "p", 1), 1);
  EXPECT_EQ(*Get(cache, "q", 1), 1);
  EXPECT_EQ(*Get(cache, "p", 2), 1);
  EXPECT_EQ(*Get(cache, "r", 1), 1);  // in q's place
  EXPECT_EQ(*Get(cache, "p", 2), 1);
  EXPECT_EQ(*Get(cache, "r", 2), 1);
  EXPECT_EQ(*Get(cache, "q", 2), 2);
  EXPECT_THAT(cache.counts(), AreCounts(4, 3, 0));
}

TEST_F(StyleStatisticsCacheTest, WhatIsLargerThanTheLimitsIsNotKeptAndDrivesNothingOut) {
  StyleStatisticsCache::Options options = Options();
  options.max_memory_bytes = kGramBytes + 12;
  options.max_disk_bytes = 250;
  StyleStatisticsCache cache(options);
  EXPECT_EQ(*Get(cache, "p", 1), 1);
  const Ask large{.picture = "q",
                  .layers = {"block1_conv1", "block1_conv2", "block2_conv1", "block2_conv2", "block3_conv1"}};
  EXPECT_EQ(*Get(cache, large, 1), 1);
  EXPECT_EQ(*Get(cache, large, 2), 2);
  EXPECT_EQ(*Get(cache, "p", 2), 1);
  EXPECT_THAT(cache.counts(), AreCounts(3, 1, 0));
  EXPECT_EQ(Files().size(), 1u);
}

TEST_F(StyleStatisticsCacheTest, TheDiskKeepsThoseUsedLastAlsoOverARestart) {
  StyleStatisticsCache::Options options = Options();
  options.max_memory_bytes = 0;
  int64_t file = 0;
  {
    StyleStatisticsCache cache(options);
    EXPECT_EQ(*Get(cache, "p", 1), 1);
    EXPECT_EQ(*Get(cache, "q", 1), 1);
    EXPECT_EQ(*Get(cache, "r", 1), 1);
    file = static_cast<int64_t>(fs::file_size(File("p")));
  }
  // As if they had been used in the order q, r, p.
  const auto now = fs::file_time_type::clock::now();
  fs::last_write_time(File("q"), now - std::chrono::hours(3));
  fs::last_write_time(File("r"), now - std::chrono::hours(2));
  fs::last_write_time(File("p"), now - std::chrono::hours(1));
  options.max_disk_bytes = 2 * file;
  StyleStatisticsCache cache(options);
  EXPECT_EQ(File("q"), "");
  EXPECT_EQ(*Get(cache, "r", 2), 1);
  EXPECT_GE(fs::last_write_time(File("r")), now);  // for the next start
  EXPECT_EQ(*Get(cache, "q", 3), 3);               // in p's place
  EXPECT_EQ(File("p"), "");
  EXPECT_EQ(*Get(cache, "r", 2), 1);
  EXPECT_EQ(Files().size(), 2u);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(StyleStatisticsCacheTest, DamagedFilesAreRemovedAndComputedAgain) {
  StyleStatisticsCache::Options options = Options();
  options.max_memory_bytes = 0;
  StyleStatisticsCache cache(options);
  float computed = 1;
  EXPECT_EQ(*Get(cache, "p", computed), 1);
  const auto intact = fs::file_size(File("p"));
  const auto damage = [&](const std::function<void(const fs::path&)>& how) {
    how(File("p"));
    warnings_.clear();
    ++computed;
    EXPECT_EQ(*Get(cache, "p", computed), computed);
    EXPECT_EQ(*Get(cache, "p", -1), computed);
    ASSERT_EQ(warnings_.size(), 1u);
    EXPECT_THAT(warnings_[0], HasSubstr("removed " + File("p").string()));
    EXPECT_EQ(fs::file_size(File("p")), intact);
  };
  damage([&](const fs::path& path) { fs::resize_file(path, intact / 2); });
  damage([&](const fs::path& path) { fs::resize_file(path, 0); });
  damage([&](const fs::path& path) { fs::resize_file(path, intact + 1); });
  damage([&](const fs::path& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(intact) - 9);
    file.put('\x55');
  });
  EXPECT_EQ(*Get(cache, Ask{.picture = "q", .layers = {"block1_conv2"}}, 50), 50);
  damage([&](const fs::path& path) {  // intact, but of other layers
    fs::copy_file(File("q"), path, fs::copy_options::overwrite_existing);
  });
}

TEST_F(StyleStatisticsCacheTest, AFileThatIsGoneIsComputedAgain) {
  StyleStatisticsCache::Options options = Options();
  options.max_memory_bytes = 0;
  StyleStatisticsCache cache(options);
  EXPECT_EQ(*Get(cache, "p", 1), 1);
  fs::remove_all(folder_);
  EXPECT_EQ(*Get(cache, "p", 2), 2);
  EXPECT_EQ(*Get(cache, "p", 3), 2);
}

TEST_F(StyleStatisticsCacheTest, AFullDiskCostsTheCacheAloneAndIsToldOnce) {
  StyleStatisticsCache::Options options = Options();
  options.max_memory_bytes = 0;
  StyleStatisticsCache cache(options);
  {
    const testing::FullDisk full;
    EXPECT_EQ(*Get(cache, "p", 1), 1);
    EXPECT_EQ(*Get(cache, "q", 1), 1);
  }
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("style statistics aren't kept on disk: ")));
  EXPECT_THAT(Files(), IsEmpty());  // no half-written one either
  EXPECT_EQ(*Get(cache, "p", 2), 2);
  EXPECT_EQ(*Get(cache, "p", 3), 2);
}

TEST_F(StyleStatisticsCacheTest, AFolderThatCantBeUsedIsTold) {
  std::ofstream(fs::path(folder_).parent_path().parent_path() / "a") << "a file";
  StyleStatisticsCache cache(Options());
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("Not a directory")));
  EXPECT_EQ(*Get(cache, "p", 1), 1);
  EXPECT_EQ(*Get(cache, "p", 2), 1);
}

TEST_F(StyleStatisticsCacheTest, LeftOversOfAKilledServerGoWithTheNextStartOtherFilesStay) {
  fs::create_directories(folder_);
  std::ofstream(folder_ + "/.p-1.statistics.77-0") << "half";
  std::ofstream(folder_ + "/README") << "what this is";
  StyleStatisticsCache cache(Options());
  EXPECT_THAT(Files(), ElementsAre("README"));
}

TEST_F(StyleStatisticsCacheTest, AnErrorIsTheComputationsAndIsNotKept) {
  StyleStatisticsCache cache(Options());
  const std::vector<std::string> layers = {"block1_conv1"};
  const auto failed = cache.ForPictures({{"p", {64, 48}}})({
      .model = *model_,
      .size = {32, 24},
      .layers = layers,
      .compute = [] { return absl::ResourceExhaustedError("no memory"); },
  });
  EXPECT_EQ(failed.status(), absl::ResourceExhaustedError("no memory"));
  EXPECT_THAT(cache.counts(), AreCounts(0, 0, 0));
  EXPECT_EQ(*Get(cache, "p", 2), 2);
  EXPECT_EQ(cache.ForPictures({})({.model = *model_, .layers = layers}).status().code(),
            absl::StatusCode::kInternal);
}

TEST_F(StyleStatisticsCacheTest, ManyThreadsOverSmallLimits) {
  StyleStatisticsCache::Options options = Options();
  options.max_memory_bytes = 3 * (kGramBytes + 12);
  options.max_disk_bytes = 1000;
  options.warn = nullptr;  // a file that another thread has driven out is one
  StyleStatisticsCache cache(options);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const int picture = (i * (t + 3)) % 10;
        const auto got = Get(cache, absl::StrCat("p", picture), static_cast<float>(picture));
        if (!got.ok() || *got != static_cast<float>(picture)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  const auto counts = cache.counts();
  EXPECT_EQ(counts.computed + counts.from_memory + counts.from_disk, 1600);
}

// The second run with the same style makes no forward pass over it, doesn't even look at its pixels, and
// paints the same picture.
TEST_F(StyleStatisticsCacheTest, TheSecondRunMakesNoForwardPassOverTheStyle) {
  engine::Recipe recipe = *engine::MakePreset("reference", "vgg19", engine::WeightsFamily::kKeras);
  recipe.iterations = 3;
  int decoded = 0;
  const auto style = std::make_shared<const Image>(Pattern(40, 36, 2));
  const auto run = [&](StyleStatisticsCache& cache) {
    auto pictures = std::make_shared<engine::Stylization::Pictures>();
    pictures->content = Pattern(36, 33, 1);
    pictures->styles.emplace_back(Size{40, 36}, [&] {
      ++decoded;
      return style;
    });
    const auto stylization =
        engine::Stylization::Create(model_, recipe, pictures, cache.ForPictures({{"p", {40, 36}}}));
    EXPECT_TRUE(stylization.ok()) << stylization.status();
    while (!(*stylization)->done()) EXPECT_TRUE((*stylization)->Step().ok());
    return (*stylization)->current().rgb;
  };
  StyleStatisticsCache cache(Options());
  const std::vector<float> first = run(cache);
  EXPECT_THAT(cache.counts(), AreCounts(1, 0, 0));
  EXPECT_EQ(decoded, 1);
  EXPECT_EQ(run(cache), first);
  EXPECT_THAT(cache.counts(), AreCounts(1, 1, 0));
  StyleStatisticsCache restarted(Options());
  EXPECT_EQ(run(restarted), first);
  EXPECT_THAT(restarted.counts(), AreCounts(0, 0, 1));
  EXPECT_EQ(decoded, 1);
}

}  // namespace
}  // namespace impasto::app
