#include "app/stylize_factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>

#include "app/recipe_proto.h"
#include "base/error_details.h"
#include "base/field_error.h"
#include "tests/server/app/small_models.h"

namespace impasto::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FakeClock final : public Clock {
 public:
  double NowSeconds() const override { return now; }
  double now = 0;
};

std::string Png(int width, int height) {
  Image image{width, height, {}};
  image.rgb.resize(3 * image.pixels());
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = static_cast<float>(i * 37 % 256);
  return imaging::Encode(image, {.format = imaging::Format::kPng})->data;
}

constexpr int64_t kBudget = int64_t{1} << 30;

class StylizeFactoryTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(imaging::Init(1).ok()); }

  StylizeFactoryTest()
      : uploads_({.clock = &clock_}),
        models_({.weights_dir = dir_.path(),
                 .device = {.device = "cpu", .threads = 1},
                 .allow_random_weights = false}),
        styles_({.uploads = &uploads_}),
        statistics_({}),
        factory_(Options(kBudget)) {}

  StylizeFactory::Options Options(int64_t budget) {
    return {.models = &models_,
            .uploads = &uploads_,
            .styles = &styles_,
            .statistics = &statistics_,
            .memory_budget = budget};
  }
  absl::StatusOr<jobs::PreparedJob> Prepare(const v1::StylizeRequest& request) {
    return factory_.Prepare(std::make_shared<const v1::StylizeRequest>(request), nullptr, nullptr);
  }
  static std::string StepsToTheEnd(jobs::Work& work) {
    if (!work.started()) EXPECT_TRUE(work.Start().ok());
    while (!work.done()) EXPECT_TRUE(work.Step().ok());
    v1::Result result;
    return work.TakeResult(&result)()->data;
  }

  void SetUp() override {
    dir_.Write("vgg19", {"block5_conv1"});
    ASSERT_TRUE(models_.LoadAtStart({}).ok());
  }

  static v1::StylizeRequest Request() {
    v1::StylizeRequest request;
    request.mutable_content()->set_encoded(Png(40, 32));
    request.add_styles()->set_encoded(Png(24, 32));
    request.mutable_recipe()->set_iterations(7);
    request.mutable_recipe()->add_content_layers()->set_layer("block4_conv2");
    request.mutable_recipe()->add_style_layers()->set_layer("block1_conv1");
    request.mutable_recipe()->add_style_layers()->set_layer("block4_conv1");
    return request;
  }
  void ExpectRefused(const v1::StylizeRequest& request, absl::StatusCode code, const std::string& field) {
    const auto job = Prepare(request);
    EXPECT_EQ(job.status().code(), code) << job.status();
    EXPECT_EQ(FieldOf(job.status()), field) << job.status();
  }

  WeightsDir dir_;
  FakeClock clock_;
  UploadStore uploads_;
  ModelRegistry models_;
  StyleLibrary styles_;
  StyleStatisticsCache statistics_;
  StylizeFactory factory_;
};

TEST_F(StylizeFactoryTest, TheResolvedRecipeHasTheLevelsThatThereAre) {
  v1::StylizeRequest request = Request();
  request.mutable_content()->set_encoded(Png(260, 130));
  request.mutable_styles(0)->set_encoded(Png(200, 140));
  request.mutable_recipe()->set_pyramid_levels(4);
  auto job = Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->accepted.recipe().pyramid_levels(), 2);  // a third would have 65 x 33 pixels
  request.mutable_recipe()->clear_pyramid_levels();
  job = Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->accepted.recipe().pyramid_levels(), 1);
}

TEST_F(StylizeFactoryTest, AJobIsReadyToStep) {
  auto job = Prepare(Request());
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->accepted.width(), 40);
  EXPECT_EQ(job->accepted.height(), 32);
  EXPECT_THAT(job->accepted.warnings(), IsEmpty());
  EXPECT_EQ(job->accepted.recipe().model(), "models/vgg19");
  EXPECT_EQ(job->accepted.recipe().style_layers(1).weight(), 0.5);
  EXPECT_EQ(job->accepted.recipe().execution().executor(), "cpu");
  EXPECT_EQ(job->accepted.recipe().execution().threads(), 1);
  EXPECT_GT(job->memory.peak, job->memory.waiting);
  EXPECT_EQ(job->accepted.memory().peak_bytes(), job->memory.peak);
  EXPECT_EQ(job->accepted.memory().budget_bytes(), kBudget);
  EXPECT_EQ(job->summary, "vgg19 painterly 40x32, 7 iterations");
  ASSERT_TRUE(job->work->Start().ok());
  const auto progress = job->work->Step();
  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_EQ(progress->content_loss(), 0);  // it starts from the content
}

TEST_F(StylizeFactoryTest, PicturesAreScaledToTheRecipesSizes) {
  v1::StylizeRequest request = Request();
  request.mutable_recipe()->set_max_size(20);
  const auto job = Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->accepted.width(), 20);
  EXPECT_EQ(job->accepted.height(), 16);
  EXPECT_EQ(job->accepted.recipe().style_size(), 20);
}

TEST_F(StylizeFactoryTest, TooDeepForAPicture) {
  v1::StylizeRequest request = Request();
  request.mutable_content()->set_encoded(Png(40, 7));  // three pools need 8 rows
  ExpectRefused(request, absl::StatusCode::kInvalidArgument, "content");
  request = Request();
  request.add_styles()->set_encoded(Png(7, 40));
  ExpectRefused(request, absl::StatusCode::kInvalidArgument, "styles[1]");
  // It is the size that the network sees that counts.
  request = Request();
  request.mutable_content()->set_encoded(Png(160, 64));
  EXPECT_TRUE(Prepare(request).ok());
  request.mutable_recipe()->set_max_size(16);
  ExpectRefused(request, absl::StatusCode::kInvalidArgument, "content");
}

TEST_F(StylizeFactoryTest, WeightsThatAreMissing) {
  v1::StylizeRequest request = Request();
  request.mutable_recipe()->add_style_layers()->set_layer("block5_conv3");
  const auto job = Prepare(request);
  EXPECT_EQ(job.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(FieldOf(job.status()), "recipe.style_layers[2].layer");
  EXPECT_THAT(std::string(job.status().message()),
              HasSubstr("block5_conv3 needs weights that vgg19.h5 (keras-h5) lacks: block5_conv1"));
}

TEST_F(StylizeFactoryTest, AnUploadThatHasExpired) {
  const auto writer = uploads_.StartUpload();
  v1::UploadPictureRequest part;
  part.set_data(Png(40, 32));
  ASSERT_TRUE(writer->Append(part).ok());
  const auto upload = writer->Finish();
  ASSERT_TRUE(upload.ok()) << upload.status();
  v1::StylizeRequest request = Request();
  request.mutable_styles(0)->set_upload(upload->name());
  EXPECT_TRUE(Prepare(request).ok());
  clock_.now += 3600;
  ExpectRefused(request, absl::StatusCode::kNotFound, "styles[0].upload");
}

TEST_F(StylizeFactoryTest, RawPixelsAreCheckedBeforeTheyAreRead) {
  v1::StylizeRequest request = Request();
  v1::RawPixels* raw = request.mutable_content()->mutable_raw();
  raw->set_format(v1::PIXEL_FORMAT_RGB8);
  raw->set_width(40);
  raw->set_height(31000);
  ExpectRefused(request, absl::StatusCode::kInvalidArgument, "content.raw.height");
}

TEST_F(StylizeFactoryTest, AStartOfAnotherSizeIsScaled) {
  v1::StylizeRequest request = Request();
  request.mutable_recipe()->set_initial_picture(v1::INITIAL_PICTURE_SUPPLIED);
  request.mutable_initial()->set_encoded(Png(17, 90));
  auto job = Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_TRUE(job->work->Start().ok());
  request.mutable_initial()->set_encoded("nothing");
  ExpectRefused(request, absl::StatusCode::kInvalidArgument, "initial");
}

TEST_F(StylizeFactoryTest, ModelsThatAreNotThere) {
  v1::StylizeRequest request = Request();
  request.mutable_recipe()->set_model("models/vgg16");
  ExpectRefused(request, absl::StatusCode::kNotFound, "recipe.model");
  ASSERT_TRUE(models_.UnloadModel("models/vgg19").ok());
  request.mutable_recipe()->clear_model();
  ExpectRefused(request, absl::StatusCode::kNotFound, "recipe.model");
}

TEST_F(StylizeFactoryTest, AJobThatNeverFitsIsRefusedWithWhatWould) {
  v1::StylizeRequest request = Request();
  request.mutable_content()->set_encoded(Png(640, 480));
  request.mutable_recipe()->set_max_size(640);
  const int64_t needed = Prepare(request)->memory.peak;
  StylizeFactory small(Options(needed - 1));
  const auto refused = small.Prepare(std::make_shared<const v1::StylizeRequest>(request), nullptr, nullptr);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  const std::map<std::string, std::string> facts = FactsOf(refused.status());
  EXPECT_EQ(facts.at("forecast_bytes"), std::to_string(needed));
  EXPECT_EQ(facts.at("budget_bytes"), std::to_string(needed - 1));
  const int largest = std::stoi(facts.at("largest_max_size"));
  EXPECT_LT(largest, 640);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("the largest recipe.max_size that fits is " + facts.at("largest_max_size")));
  // The advice is good.
  request.mutable_recipe()->set_max_size(largest);
  EXPECT_TRUE(small.Prepare(std::make_shared<const v1::StylizeRequest>(request), nullptr, nullptr).ok());

  StylizeFactory tiny(Options(1000));
  const auto never = tiny.Prepare(std::make_shared<const v1::StylizeRequest>(request), nullptr, nullptr);
  EXPECT_EQ(FactsOf(never.status()).at("largest_max_size"), "0");
}

TEST_F(StylizeFactoryTest, AnEstimateIsWhatTheJobIsToldAndNeverRefusesForMemory) {
  const auto job = Prepare(Request());
  const auto estimate = factory_.Estimate(Request());
  ASSERT_TRUE(estimate.ok()) << estimate.status();
  EXPECT_EQ(estimate->memory().SerializeAsString(), job->accepted.memory().SerializeAsString());
  EXPECT_EQ(estimate->recipe().SerializeAsString(), job->accepted.recipe().SerializeAsString());
  EXPECT_EQ(estimate->width(), 40);
  EXPECT_EQ(estimate->height(), 32);
  StylizeFactory tiny(Options(1000));
  const auto too_much = tiny.Estimate(Request());
  ASSERT_TRUE(too_much.ok()) << too_much.status();
  EXPECT_GT(too_much->memory().peak_bytes(), too_much->memory().budget_bytes());
}

TEST_F(StylizeFactoryTest, TheRequestToKeepHasAllPicturesInIt) {
  const auto writer = uploads_.StartUpload();
  v1::UploadPictureRequest part;
  part.set_data(Png(40, 32));
  ASSERT_TRUE(writer->Append(part).ok());
  v1::CreateStyleRequest create;
  create.mutable_picture()->set_encoded(Png(24, 32));
  const auto style = styles_.CreateStyle(create);
  ASSERT_TRUE(style.ok()) << style.status();
  v1::StylizeRequest request = Request();
  request.mutable_content()->set_upload(writer->Finish()->name());
  request.mutable_styles(0)->set_style(style->name());
  const auto job = Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->request->content().encoded(), Png(40, 32));
  EXPECT_EQ(job->request->styles(0).encoded(), Png(24, 32));
  // Whatever becomes of the upload and of the style, it makes the same job.
  ASSERT_TRUE(styles_.DeleteStyle(style->name()).ok());
  clock_.now += 3600;
  EXPECT_TRUE(factory_.Prepare(job->request, nullptr, nullptr).ok());
  ExpectRefused(request, absl::StatusCode::kNotFound, "content.upload");
  request.mutable_content()->set_encoded(Png(40, 32));
  ExpectRefused(request, absl::StatusCode::kNotFound, "styles[0].style");
}

TEST_F(StylizeFactoryTest, TheSecondJobMakesNoForwardPassOverTheStyle) {
  for (const int64_t computed : {1, 1}) {
    auto job = Prepare(Request());
    ASSERT_TRUE(job.ok()) << job.status();
    StepsToTheEnd(*job->work);
    EXPECT_EQ(statistics_.counts().computed, computed);
  }
  EXPECT_EQ(statistics_.counts().from_memory, 1);
}

TEST_F(StylizeFactoryTest, AJobGoesOnFromItsCheckpoint) {
  v1::StylizeRequest request = Request();
  request.mutable_recipe()->set_style_weight(1e6);
  auto job = Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  v1::RecipeChange change;
  change.set_style_weight(3e6);
  ASSERT_TRUE(job->work->Start().ok());
  for (int step = 0; step < 3; ++step) ASSERT_TRUE(job->work->Step().ok());
  ASSERT_TRUE(job->work->Change(&change).ok());
  EXPECT_EQ(change.iteration(), 3);
  std::stringstream checkpoint;
  ASSERT_TRUE(job->work
                  ->TakeCheckpoint()([&](absl::string_view bytes) {
                    checkpoint.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
                    return absl::OkStatus();
                  })
                  .ok());
  // Made after the checkpoint: it is made again at its step.
  ASSERT_TRUE(job->work->Step().ok());
  v1::RecipeChange later;
  later.set_iterations(9);
  ASSERT_TRUE(job->work->Change(&later).ok());
  v1::Job previous;
  *previous.mutable_original_recipe() = job->work->original_recipe();
  EXPECT_EQ(previous.original_recipe().changes_size(), 2);
  EXPECT_EQ(previous.original_recipe().style_weight(), 1e6);
  EXPECT_EQ(job->work->recipe().style_weight(), 3e6);
  EXPECT_EQ(job->work->recipe().iterations(), 9);

  auto again = factory_.Prepare(job->request, &previous, &checkpoint);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->work->iterations_made(), 3);
  EXPECT_THAT(again->accepted.warnings(), IsEmpty());
  const std::string uninterrupted = StepsToTheEnd(*job->work);
  EXPECT_EQ(job->work->iterations_made(), 9);
  EXPECT_TRUE(StepsToTheEnd(*again->work) == uninterrupted);
  EXPECT_EQ(again->work->original_recipe().SerializeAsString(),
            previous.original_recipe().SerializeAsString());

  // So does the recipe, from the start.
  *request.mutable_recipe() = previous.original_recipe();
  auto anew = Prepare(request);
  ASSERT_TRUE(anew.ok()) << anew.status();
  EXPECT_TRUE(StepsToTheEnd(*anew->work) == uninterrupted);
}

TEST_F(StylizeFactoryTest, BytesThatAreNoCheckpoint) {
  const auto job = Prepare(Request());
  v1::Job previous;
  *previous.mutable_original_recipe() = job->work->original_recipe();
  for (const char* bytes : {"", "abc", "no checkpoint at all"}) {
    std::stringstream checkpoint(bytes);
    EXPECT_EQ(factory_.Prepare(job->request, &previous, &checkpoint).status().code(),
              absl::StatusCode::kDataLoss)
        << bytes;
  }
}

TEST_F(StylizeFactoryTest, ARecipeFromAnotherExecutionIsTakenWithAWarning) {
  v1::StylizeRequest request = Request();
  *request.mutable_recipe() = Prepare(request)->accepted.recipe();
  EXPECT_THAT(Prepare(request)->accepted.warnings(), IsEmpty());
  request.mutable_recipe()->mutable_execution()->set_instruction_set("AVX9");
  const auto job = Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  ASSERT_THAT(job->accepted.warnings(), SizeIs(1));
  EXPECT_THAT(job->accepted.warnings(0), HasSubstr("AVX9"));
}

}  // namespace
}  // namespace impasto::app
