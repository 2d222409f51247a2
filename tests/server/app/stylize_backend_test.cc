#include "app/stylize_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

class StylizeBackendTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(imaging::Init(1).ok()); }

  StylizeBackendTest()
      : uploads_({.clock = &clock_}),
        models_({.weights_dir = dir_.path(),
                 .device = {.device = "cpu", .threads = 1},
                 .allow_random_weights = false}),
        backend_({.models = &models_, .uploads = &uploads_}) {}

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
    const auto job = backend_.Prepare(request);
    EXPECT_EQ(job.status().code(), code) << job.status();
    EXPECT_EQ(FieldOf(job.status()), field) << job.status();
  }

  WeightsDir dir_;
  FakeClock clock_;
  UploadStore uploads_;
  ModelRegistry models_;
  StylizeBackend backend_;
};

TEST_F(StylizeBackendTest, TheResolvedRecipeHasTheLevelsThatThereAre) {
  v1::StylizeRequest request = Request();
  request.mutable_content()->set_encoded(Png(260, 130));
  request.mutable_styles(0)->set_encoded(Png(200, 140));
  request.mutable_recipe()->set_pyramid_levels(4);
  auto job = backend_.Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->accepted.recipe().pyramid_levels(), 2);  // a third would have 65 x 33 pixels
  request.mutable_recipe()->clear_pyramid_levels();
  job = backend_.Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->accepted.recipe().pyramid_levels(), 1);
}

TEST_F(StylizeBackendTest, AJobIsReadyToStep) {
  v1::StylizeRequest request = Request();
  request.mutable_preview()->set_every_iterations(3);
  auto job = backend_.Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->accepted.width(), 40);
  EXPECT_EQ(job->accepted.height(), 32);
  EXPECT_THAT(job->accepted.warnings(), IsEmpty());
  EXPECT_EQ(job->accepted.recipe().model(), "models/vgg19");
  EXPECT_EQ(job->accepted.recipe().style_layers(1).weight(), 0.5);
  EXPECT_EQ(job->previews.every_iterations, 3);
  EXPECT_EQ(job->summary, "vgg19 painterly 40x32, 7 iterations");
  ASSERT_TRUE(job->work->Start().ok());
  const auto progress = job->work->Step();
  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_EQ(progress->content_loss(), 0);  // it starts from the content
}

TEST_F(StylizeBackendTest, PicturesAreScaledToTheRecipesSizes) {
  v1::StylizeRequest request = Request();
  request.mutable_recipe()->set_max_size(20);
  const auto job = backend_.Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->accepted.width(), 20);
  EXPECT_EQ(job->accepted.height(), 16);
  EXPECT_EQ(job->accepted.recipe().style_size(), 20);
}

TEST_F(StylizeBackendTest, TooDeepForAPicture) {
  v1::StylizeRequest request = Request();
  request.mutable_content()->set_encoded(Png(40, 7));  // three pools need 8 rows
  ExpectRefused(request, absl::StatusCode::kInvalidArgument, "content");
  request = Request();
  request.add_styles()->set_encoded(Png(7, 40));
  ExpectRefused(request, absl::StatusCode::kInvalidArgument, "styles[1]");
  // It is the size that the network sees that counts.
  request = Request();
  request.mutable_content()->set_encoded(Png(160, 64));
  EXPECT_TRUE(backend_.Prepare(request).ok());
  request.mutable_recipe()->set_max_size(16);
  ExpectRefused(request, absl::StatusCode::kInvalidArgument, "content");
}

TEST_F(StylizeBackendTest, WeightsThatAreMissing) {
  v1::StylizeRequest request = Request();
  request.mutable_recipe()->add_style_layers()->set_layer("block5_conv3");
  const auto job = backend_.Prepare(request);
  EXPECT_EQ(job.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(FieldOf(job.status()), "recipe.style_layers[2].layer");
  EXPECT_THAT(std::string(job.status().message()),
              HasSubstr("block5_conv3 needs weights that vgg19.h5 (keras-h5) lacks: block5_conv1"));
}

TEST_F(StylizeBackendTest, AnUploadThatHasExpired) {
  const auto writer = uploads_.StartUpload();
  v1::UploadPictureRequest part;
  part.set_data(Png(40, 32));
  ASSERT_TRUE(writer->Append(part).ok());
  const auto upload = writer->Finish();
  ASSERT_TRUE(upload.ok()) << upload.status();
  v1::StylizeRequest request = Request();
  request.mutable_styles(0)->set_upload(upload->name());
  EXPECT_TRUE(backend_.Prepare(request).ok());
  clock_.now += 3600;
  ExpectRefused(request, absl::StatusCode::kNotFound, "styles[0].upload");
}

TEST_F(StylizeBackendTest, RawPixelsAreCheckedBeforeTheyAreRead) {
  v1::StylizeRequest request = Request();
  v1::RawPixels* raw = request.mutable_content()->mutable_raw();
  raw->set_format(v1::PIXEL_FORMAT_RGB8);
  raw->set_width(40);
  raw->set_height(31000);
  ExpectRefused(request, absl::StatusCode::kInvalidArgument, "content.raw.height");
}

TEST_F(StylizeBackendTest, AStartOfAnotherSizeIsScaled) {
  v1::StylizeRequest request = Request();
  request.mutable_recipe()->set_initial_picture(v1::INITIAL_PICTURE_SUPPLIED);
  request.mutable_initial()->set_encoded(Png(17, 90));
  auto job = backend_.Prepare(request);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_TRUE(job->work->Start().ok());
  request.mutable_initial()->set_encoded("nothing");
  ExpectRefused(request, absl::StatusCode::kInvalidArgument, "initial");
}

TEST_F(StylizeBackendTest, ModelsThatAreNotThere) {
  v1::StylizeRequest request = Request();
  request.mutable_recipe()->set_model("models/vgg16");
  ExpectRefused(request, absl::StatusCode::kNotFound, "recipe.model");
  ASSERT_TRUE(models_.UnloadModel("models/vgg19").ok());
  request.mutable_recipe()->clear_model();
  ExpectRefused(request, absl::StatusCode::kNotFound, "recipe.model");
}

}  // namespace
}  // namespace impasto::app
