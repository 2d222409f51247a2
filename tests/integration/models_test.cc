// Models are listed, shown, loaded and unloaded while the server runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "imaging/picture.h"
#include "tests/integration/harness.h"

namespace impasto {
namespace {

using grpc::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::JobOutcome;
using testing::RunJob;
using ::testing::SizeIs;

template <class Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}

class ModelsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(imaging::Init(1).ok()); }

  void Start(std::vector<std::string> more = {}) {
    server_ = testing::StartServer(weights_.path(), std::move(more));
  }

  std::vector<v1::Model> List() {
    grpc::ClientContext context;
    v1::ListModelsResponse response;
    const grpc::Status status = server_.models->ListModels(&context, v1::ListModelsRequest(), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {response.models().begin(), response.models().end()};
  }
  grpc::Status Get(const std::string& name, v1::Model* model) {
    grpc::ClientContext context;
    return server_.models->GetModel(&context, Named<v1::GetModelRequest>(name), model);
  }
  grpc::Status Load(const std::string& name, v1::Model* model) {
    grpc::ClientContext context;
    return server_.models->LoadModel(&context, Named<v1::LoadModelRequest>(name), model);
  }
  grpc::Status Unload(const std::string& name, v1::Model* model) {
    grpc::ClientContext context;
    return server_.models->UnloadModel(&context, Named<v1::UnloadModelRequest>(name), model);
  }

  testing::TempDir weights_;
  testing::RunningServer server_;
};

TEST_F(ModelsTest, AutoLoadsWhatHasWeights) {
  testing::WriteSmallModel(weights_.path(), "vgg19");
  testing::WriteSmallModel(weights_.path(), "resnet50");
  Start();
  const std::vector<v1::Model> models = List();
  ASSERT_THAT(models, SizeIs(3));
  EXPECT_EQ(models[0].name(), "models/vgg19");
  EXPECT_EQ(models[0].state(), v1::Model::STATE_LOADED);
  EXPECT_THAT(models[0].layers(), IsEmpty());
  EXPECT_EQ(models[1].name(), "models/vgg16");
  EXPECT_EQ(models[1].state(), v1::Model::STATE_UNAVAILABLE);
  EXPECT_THAT(models[1].state_reason(),
              HasSubstr("impastod weights pull vgg16 --weights-dir " + weights_.path()));
  EXPECT_EQ(models[2].name(), "models/resnet50");
  EXPECT_EQ(models[2].state(), v1::Model::STATE_LOADED);
}

TEST_F(ModelsTest, AModelIsShownWithItsLayersAndItsWeights) {
  testing::WriteSmallModel(weights_.path(), "vgg19", testing::WeightsFormat::kKerasNested, {"block4_conv2"});
  Start();
  v1::Model model;
  ASSERT_TRUE(Get("models/vgg19", &model).ok());
  EXPECT_EQ(model.state(), v1::Model::STATE_LOADED);
  EXPECT_THAT(model.weights_origin(), HasSubstr("vgg19.h5"));
  EXPECT_THAT(model.weights_sha256(), SizeIs(64));
  EXPECT_EQ(model.weights_family(), "keras");
  EXPECT_FALSE(model.random_weights());
  EXPECT_THAT(model.missing_layers(), ElementsAre("block4_conv2"));
  EXPECT_THAT(model.device(), HasSubstr("CPU"));
  EXPECT_EQ(model.default_recipe().preset(), "painterly");
  EXPECT_EQ(model.default_recipe().model(), "models/vgg19");
  EXPECT_EQ(model.default_recipe().weights_sha256(), model.weights_sha256());
  ASSERT_THAT(model.layers(), SizeIs(21));  // 16 convolutions, 5 pools
  EXPECT_EQ(model.layers(0).name(), "block1_conv1");
  EXPECT_EQ(model.layers(0).op(), "conv2d");
  EXPECT_EQ(model.layers(0).channels(), 4);
  EXPECT_EQ(model.layers(0).height(), 512);
  EXPECT_EQ(model.layers(0).width(), 512);
  EXPECT_EQ(model.layers(20).name(), "block5_pool");
  EXPECT_EQ(model.layers(20).op(), "max_pool");
  EXPECT_EQ(model.layers(20).height(), 16);
  for (const v1::Layer& layer : model.layers()) {
    const bool before = layer.name() < "block4_conv2";
    EXPECT_EQ(layer.available(), before) << layer.name();
  }
}

TEST_F(ModelsTest, UnloadAndLoad) {
  const std::string file = testing::WriteSmallModel(weights_.path(), "vgg19");
  Start();
  v1::Model model;
  ASSERT_TRUE(Unload("models/vgg19", &model).ok());
  EXPECT_EQ(model.state(), v1::Model::STATE_UNLOADED);
  EXPECT_EQ(model.weights_sha256(), "");
  EXPECT_EQ(List()[0].state(), v1::Model::STATE_UNLOADED);
  ASSERT_TRUE(Unload("models/vgg19", &model).ok());  // fine where it isn't loaded
  JobOutcome outcome = RunJob(*server_.stylization, testing::SmallRequest(1));
  EXPECT_EQ(outcome.status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(testing::FieldOf(outcome.status), "recipe.model");

  ASSERT_TRUE(Load("models/vgg19", &model).ok());
  EXPECT_EQ(model.state(), v1::Model::STATE_LOADED);
  outcome = RunJob(*server_.stylization, testing::SmallRequest(1));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();

  // Without its file it can't be loaded again, and the answer says how to get one.
  std::filesystem::remove(file);
  ASSERT_TRUE(Unload("models/vgg19", &model).ok());
  EXPECT_EQ(model.state(), v1::Model::STATE_UNAVAILABLE);
  const grpc::Status status = Load("models/vgg19", &model);
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(),
              HasSubstr("impastod weights pull vgg19 --weights-dir " + weights_.path()));
}

TEST_F(ModelsTest, AFileThatIsNewIsReadAnewAndAnotherIsNot) {
  testing::WriteSmallModel(weights_.path(), "vgg19", testing::WeightsFormat::kKerasNested, {"block5_conv4"});
  Start();
  v1::Model before, same, after;
  ASSERT_TRUE(Get("models/vgg19", &before).ok());
  ASSERT_TRUE(Load("models/vgg19", &same).ok());
  EXPECT_EQ(same.weights_sha256(), before.weights_sha256());
  EXPECT_THAT(server_.process->output(), HasSubstr("loaded models/vgg19"));
  const std::string log = server_.process->output();
  EXPECT_EQ(log.find("loaded models/vgg19"), log.rfind("loaded models/vgg19"));  // once
  testing::WriteSmallModel(weights_.path(), "vgg19");
  ASSERT_TRUE(Load("models/vgg19", &after).ok());
  EXPECT_NE(after.weights_sha256(), before.weights_sha256());
  EXPECT_THAT(after.missing_layers(), IsEmpty());
}

TEST_F(ModelsTest, ARunningJobKeepsItsModel) {
  testing::WriteSmallModel(weights_.path(), "vgg19");
  Start();
  bool unloaded = false;
  const JobOutcome outcome = RunJob(*server_.stylization, testing::SmallRequest(200),
                                    [&](const v1::JobEvent& event, grpc::ClientContext&) {
                                      if (!event.has_progress() || unloaded) return;
                                      v1::Model model;
                                      EXPECT_TRUE(Unload("models/vgg19", &model).ok());
                                      unloaded = true;
                                    });
  EXPECT_TRUE(unloaded);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_THAT(outcome.progress, SizeIs(201));
}

TEST_F(ModelsTest, JobsDoNotLoadTheModelAgain) {
  testing::WriteSmallModel(weights_.path(), "vgg19");
  Start();
  std::filesystem::remove_all(weights_.path());
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(RunJob(*server_.stylization, testing::SmallRequest(1)).status.ok());
}

TEST_F(ModelsTest, RandomWeightsSaySoEverywhere) {
  Start({"--allow-random-weights"});
  const std::string loud = "models/vgg19 HAS RANDOM WEIGHTS";
  EXPECT_THAT(server_.process->output(), HasSubstr(loud));
  v1::Model model;
  ASSERT_TRUE(Get("models/vgg19", &model).ok());
  EXPECT_TRUE(model.random_weights());
  EXPECT_EQ(model.weights_family(), "random");
  EXPECT_THAT(model.state_reason(), HasSubstr(loud));
  for (int i = 0; i < 2; ++i) {
    const JobOutcome outcome = RunJob(*server_.stylization, testing::SmallRequest(1));
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    ASSERT_THAT(outcome.accepted.warnings(), SizeIs(1));
    EXPECT_THAT(outcome.accepted.warnings(0), HasSubstr(loud));
  }
}

TEST_F(ModelsTest, NamesThatAreNone) {
  testing::WriteSmallModel(weights_.path(), "vgg16");
  Start();
  v1::Model model;
  EXPECT_EQ(Get("models/vgg11", &model).error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(Load("models/vgg11", &model).error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(Unload("models/vgg11", &model).error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(Get("vgg16", &model).error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Get("", &model).error_code(), StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace impasto
