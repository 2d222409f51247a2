#include "app/model_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "tests/server/app/small_models.h"

namespace impasto::app {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ModelRegistryTest : public ::testing::Test {
 protected:
  std::unique_ptr<ModelRegistry> Make(bool allow_random_weights = false) {
    return std::make_unique<ModelRegistry>(
        ModelRegistry::Options{.weights_dir = dir_.path(),
                               .device = {.device = "cpu", .threads = 1},
                               .allow_random_weights = allow_random_weights,
                               .log = [this](const std::string& line) { Add(&log_, line); },
                               .warn = [this](const std::string& line) { Add(&warnings_, line); }});
  }
  std::vector<std::string> log() {
    MutexLock lock(&mutex_);
    return log_;
  }
  std::vector<std::string> warnings() {
    MutexLock lock(&mutex_);
    return warnings_;
  }
  v1::Model::State StateOf(ModelRegistry& registry, const std::string& name) {
    return registry.GetModel(name)->state();
  }

  WeightsDir dir_;

 private:
  void Add(std::vector<std::string>* lines, const std::string& line) {
    MutexLock lock(&mutex_);
    lines->push_back(line);
  }
  Mutex mutex_;
  std::vector<std::string> log_, warnings_;
};

TEST_F(ModelRegistryTest, UntilTheStartIsThroughJobsHaveToWait) {
  dir_.Write("vgg19");
  const auto registry = Make();
  EXPECT_EQ(registry->Acquire("").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(registry->Acquire("vgg19").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(StateOf(*registry, "models/vgg19"), v1::Model::STATE_UNLOADED);
  ASSERT_TRUE(registry->LoadAtStart({}).ok());
  EXPECT_TRUE(registry->Acquire("vgg19").ok());
}

TEST_F(ModelRegistryTest, AutoTakesWhatThereIsAndPrefersVgg19) {
  dir_.Write("resnet50");
  dir_.Write("vgg19");
  const auto registry = Make();
  ASSERT_TRUE(registry->LoadAtStart({}).ok());
  EXPECT_EQ(registry->Acquire("")->model->name(), "vgg19");
  EXPECT_THAT(registry->Acquire("")->warnings, IsEmpty());
  EXPECT_EQ(registry->Acquire("resnet50")->model->name(), "resnet50");
  const absl::Status unloaded = registry->Acquire("vgg16").status();
  EXPECT_EQ(unloaded.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(unloaded.message()), HasSubstr("models/vgg16 is not loaded"));
  const absl::Status unknown = registry->Acquire("vgg11").status();
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(unknown.message()),
              HasSubstr("there are models/vgg19, models/vgg16, models/resnet50"));
}

TEST_F(ModelRegistryTest, AutoSkipsWhatCannotBeReadButOneHasToBeThere) {
  std::ofstream(dir_.path() + "/vgg16.h5") << "\x89HDF\r\n\x1a\n";
  const auto registry = Make();
  const absl::Status none = registry->LoadAtStart({});
  EXPECT_EQ(none.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(none.message()),
              AllOf(HasSubstr("there are no weights for vgg19 in " + dir_.path()),
                    HasSubstr("impastod weights pull vgg19 --weights-dir " + dir_.path())));
  EXPECT_THAT(warnings(), Contains(HasSubstr("vgg16.h5")));
  dir_.Write("resnet50");
  const auto second = Make();
  EXPECT_TRUE(second->LoadAtStart({}).ok());
}

TEST_F(ModelRegistryTest, WhatIsAskedForHasToLoad) {
  dir_.Write("vgg19");
  const auto registry = Make();
  const absl::Status status = registry->LoadAtStart({"vgg19", "resnet50"});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("models/resnet50 can't be loaded"),
                                                   HasSubstr("impastod weights pull resnet50")));
}

TEST_F(ModelRegistryTest, ADeviceThatIsNotThere) {
  dir_.Write("vgg19");
  ModelRegistry registry({.weights_dir = dir_.path(), .device = {.device = "cuda:63"}});
  EXPECT_EQ(registry.LoadAtStart({"vgg19"}).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ModelRegistryTest, RandomWeightsOnlyWhereTheyAreAllowedAndThereAreNoOthers) {
  const auto registry = Make(/*allow_random_weights=*/true);
  ASSERT_TRUE(registry->LoadAtStart({}).ok());
  const auto random = registry->Acquire("");
  ASSERT_TRUE(random.ok());
  EXPECT_THAT(random->warnings, ElementsAre(HasSubstr("models/vgg19 HAS RANDOM WEIGHTS")));
  EXPECT_THAT(warnings(), Contains(HasSubstr("HAS RANDOM WEIGHTS")));
  EXPECT_TRUE(registry->GetModel("models/vgg19")->random_weights());
  // Once there are real ones, loading takes them.
  dir_.Write("vgg19");
  const auto loaded = registry->LoadModel("models/vgg19");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_FALSE(loaded->random_weights());
  EXPECT_THAT(registry->Acquire("")->warnings, IsEmpty());
}

TEST_F(ModelRegistryTest, ADamagedFileIsNotReplacedByRandomNumbers) {
  const std::string path = dir_.Write("vgg19");
  // Its header still says what it is, so that it is not taken for something else.
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1000);
  const auto registry = Make();
  EXPECT_EQ(registry->LoadAtStart({"vgg19"}).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ModelRegistryTest, APartialFileLoadsAndSaysWhatIsMissing) {
  dir_.Write("vgg16", {"block3_conv1", "block5_conv2"});
  const auto registry = Make();
  ASSERT_TRUE(registry->LoadAtStart({}).ok());
  const auto model = registry->GetModel("models/vgg16");
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->state(), v1::Model::STATE_LOADED);
  EXPECT_THAT(model->state_reason(), HasSubstr("lacks 2 layers, from block3_conv1 on"));
  EXPECT_THAT(model->missing_layers(), ElementsAre("block3_conv1", "block5_conv2"));
  for (const v1::Layer& layer : model->layers())
    EXPECT_EQ(layer.available(), layer.name() < "block3_") << layer.name();
}

TEST_F(ModelRegistryTest, TheDefaultRecipeIsForTheLoadedWeights) {
  dir_.Write("vgg19");
  const auto registry = Make();
  ASSERT_TRUE(registry->LoadAtStart({}).ok());
  const auto model = registry->GetModel("models/vgg19");
  EXPECT_EQ(model->default_recipe().preset(), "painterly");
  EXPECT_EQ(model->default_recipe().weights_sha256(), model->weights_sha256());
  EXPECT_THAT(model->default_recipe().style_picture_weights(), IsEmpty());
}

TEST_F(ModelRegistryTest, ListsLeaveLayersOut) {
  dir_.Write("vgg16");
  const auto registry = Make();
  ASSERT_TRUE(registry->LoadAtStart({}).ok());
  const std::vector<v1::Model> models = registry->ListModels();
  ASSERT_THAT(models, SizeIs(3));
  for (const v1::Model& model : models) EXPECT_THAT(model.layers(), IsEmpty());
  EXPECT_EQ(models[0].state(), v1::Model::STATE_UNAVAILABLE);
  EXPECT_EQ(models[1].state(), v1::Model::STATE_LOADED);
  // A model that isn't loaded has layers all the same; none of them can be used.
  const auto unloaded = registry->GetModel("models/vgg19");
  ASSERT_THAT(unloaded->layers(), SizeIs(21));
  EXPECT_EQ(unloaded->layers(0).channels(), 64);
  EXPECT_FALSE(unloaded->layers(0).available());
}

TEST_F(ModelRegistryTest, AJobsModelOutlivesItsUnloading) {
  dir_.Write("vgg19");
  const auto registry = Make();
  ASSERT_TRUE(registry->LoadAtStart({}).ok());
  auto held = registry->Acquire("vgg19");
  ASSERT_TRUE(held.ok());
  const std::weak_ptr<const engine::Model> watch = held->model;
  ASSERT_TRUE(registry->UnloadModel("models/vgg19").ok());
  EXPECT_EQ(registry->Acquire("vgg19").status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(held->model->WarmUp().ok());
  held->model.reset();
  EXPECT_TRUE(watch.expired());  // and then its memory goes
}

TEST_F(ModelRegistryTest, LoadingReadsAFileAgainOnlyWhenItHasChanged) {
  dir_.Write("vgg19");
  const auto registry = Make();
  ASSERT_TRUE(registry->LoadAtStart({}).ok());
  const std::string first = registry->GetModel("models/vgg19")->weights_sha256();
  EXPECT_EQ(registry->LoadModel("models/vgg19")->weights_sha256(), first);
  EXPECT_THAT(log(), SizeIs(1));
  dir_.Write("vgg19", {}, /*seed=*/6);
  EXPECT_NE(registry->LoadModel("models/vgg19")->weights_sha256(), first);
  EXPECT_THAT(log(), SizeIs(2));
}

TEST_F(ModelRegistryTest, AReloadThatFailsLeavesTheModelAsItWas) {
  const std::string path = dir_.Write("vgg19");
  const auto registry = Make();
  ASSERT_TRUE(registry->LoadAtStart({}).ok());
  std::filesystem::remove(path);
  EXPECT_EQ(registry->LoadModel("models/vgg19").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(registry->Acquire("vgg19").ok());
  const auto model = registry->GetModel("models/vgg19");
  EXPECT_EQ(model->state(), v1::Model::STATE_LOADED);
  EXPECT_THAT(model->state_reason(), HasSubstr("loading it anew failed: there are no weights"));
}

TEST_F(ModelRegistryTest, ManyThreadsAtOnce) {
  dir_.Write("vgg19");
  const auto registry = Make();
  ASSERT_TRUE(registry->LoadAtStart({}).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&registry, i] {
      for (int k = 0; k < 5; ++k) {
        if (i == 0) {
          EXPECT_TRUE(registry->LoadModel("models/vgg19").ok());
        }
        if (i == 1) {
          EXPECT_TRUE(registry->UnloadModel("models/vgg19").ok());
        }
        if (i == 2) {
          EXPECT_THAT(registry->ListModels(), SizeIs(3));
        }
        if (i == 3) (void)registry->Acquire("");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(registry->LoadModel("models/vgg19").ok());
  EXPECT_TRUE(registry->Acquire("vgg19").ok());
}

TEST_F(ModelRegistryTest, Names) {
  const auto registry = Make();
  EXPECT_EQ(registry->GetModel("models/vgg11").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(registry->LoadModel("models/vgg11").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(registry->UnloadModel("models/vgg11").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(registry->GetModel("").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace impasto::app
