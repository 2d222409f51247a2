// Whatever a client sends, it gets the right status with the field at fault, and the server goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "imaging/picture.h"
#include "tests/integration/harness.h"

namespace impasto {
namespace {

using grpc::StatusCode;
using testing::Ask;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::JobOutcome;
using testing::RunJob;

uint32_t PngCrc(const std::string& bytes) {
  uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc % 2 == 0 ? 0 : 0xedb88320);
  }
  return ~crc;
}

class BadInputTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(imaging::Init(1).ok());
    weights_ = new testing::TempDir;
    testing::WriteSmallModel(weights_->path(), "vgg19");
    // conv5 is missing, as in files that end with the fourth stage.
    testing::WriteSmallModel(weights_->path(), "resnet50", testing::WeightsFormat::kKerasNested,
                             {"conv5_block1_1_conv"});
    server_ = new testing::RunningServer(
        testing::StartServer(weights_->path(), {"--max-request-bytes", "1000000"}));
  }
  static void TearDownTestSuite() {
    delete server_;
    delete weights_;
  }

  void TearDown() override {
    // The server goes on.
    const JobOutcome outcome = RunJob(*server_->stylization, testing::SmallRequest(1));
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    EXPECT_THAT(outcome.faults, IsEmpty());
  }

  // `spoil` makes the request bad.
  template <class F>
  void ExpectRefused(StatusCode code, const std::string& field, const std::string& message, F spoil) {
    v1::StylizeRequest request = testing::SmallRequest(1);
    spoil(request);
    const JobOutcome outcome = RunJob(*server_->stylization, request);
    EXPECT_EQ(outcome.status.error_code(), code) << field << ": " << outcome.status.error_message();
    EXPECT_EQ(testing::FieldOf(outcome.status), field) << outcome.status.error_message();
    EXPECT_THAT(outcome.status.error_message(), HasSubstr(message));
    EXPECT_THAT(outcome.events, IsEmpty());
  }

  static testing::TempDir* weights_;
  static testing::RunningServer* server_;
};
testing::TempDir* BadInputTest::weights_ = nullptr;
testing::RunningServer* BadInputTest::server_ = nullptr;

TEST_F(BadInputTest, MissingPictures) {
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "content", "",
                [](v1::StylizeRequest& r) { r.clear_content(); });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "content", "",
                [](v1::StylizeRequest& r) { r.mutable_content()->clear_source(); });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "styles", "", [](v1::StylizeRequest& r) { r.clear_styles(); });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "styles", "16", [](v1::StylizeRequest& r) {
    while (r.styles_size() < 17) *r.add_styles() = r.styles(0);
  });
}

TEST_F(BadInputTest, PicturesThatAreNone) {
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "content", "",
                [](v1::StylizeRequest& r) { r.mutable_content()->set_encoded(""); });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "content", "", [](v1::StylizeRequest& r) {
    r.mutable_content()->set_encoded("this is text, not a picture");
  });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "styles[0]", "",
                [](v1::StylizeRequest& r) { r.mutable_styles(0)->set_encoded("GIF89a and what follows"); });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "content", "", [](v1::StylizeRequest& r) {
    std::string* png = r.mutable_content()->mutable_encoded();
    png->resize(png->size() / 2);
  });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "content", "", [](v1::StylizeRequest& r) {
    r.mutable_content()->set_encoded(testing::Png(testing::Photograph(1, 1)));
  });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "content", "30000", [](v1::StylizeRequest& r) {
    // A sound header that claims 40000 x 40000 pixels, with almost nothing behind it.
    std::string* png = r.mutable_content()->mutable_encoded();
    const std::string side("\0\0\x9c\x40", 4);
    png->replace(16, 8, side + side);
    const uint32_t crc = PngCrc(png->substr(12, 17));
    for (size_t i = 0; i < 4; ++i) (*png)[29 + i] = static_cast<char>(crc >> (24 - 8 * i));
  });
}

TEST_F(BadInputTest, RawPixelsThatDoNotAddUp) {
  const auto raw = [](v1::StylizeRequest& r) {
    v1::RawPixels* pixels = r.mutable_content()->mutable_raw();
    pixels->set_format(v1::PIXEL_FORMAT_RGB8);
    pixels->set_width(40);
    pixels->set_height(30);
    pixels->set_data(std::string(40 * 30 * 3, 'x'));
    return pixels;
  };
  const auto refused = [&](const std::string& field, auto spoil) {
    ExpectRefused(StatusCode::INVALID_ARGUMENT, field, "", [&](v1::StylizeRequest& r) { spoil(raw(r)); });
  };
  refused("content.raw.format", [](v1::RawPixels* p) { p->clear_format(); });
  refused("content.raw.format", [](v1::RawPixels* p) { p->set_format(static_cast<v1::PixelFormat>(99)); });
  refused("content.raw.width", [](v1::RawPixels* p) { p->set_width(-40); });
  refused("content.raw.width", [](v1::RawPixels* p) { p->set_width(std::numeric_limits<int32_t>::max()); });
  refused("content.raw.height", [](v1::RawPixels* p) { p->set_height(1); });
  refused("content.raw.stride", [](v1::RawPixels* p) { p->set_stride(119); });
  refused("content.raw.stride", [](v1::RawPixels* p) { p->set_stride(-120); });
  refused("content.raw", [](v1::RawPixels* p) { p->set_stride(std::numeric_limits<int64_t>::max()); });
  refused("content.raw", [](v1::RawPixels* p) { p->mutable_data()->pop_back(); });
}

TEST_F(BadInputTest, PicturesTooSmallForTheNetwork) {
  // The fifth block's convolution needs something to be left after four pools.
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "content", "too small for layer", [](v1::StylizeRequest& r) {
    r.mutable_content()->set_encoded(testing::Png(testing::Photograph(40, 8)));
  });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "styles[1]", "too small for layer", [](v1::StylizeRequest& r) {
    r.add_styles()->set_encoded(testing::Png(testing::Photograph(8, 40)));
  });
}

TEST_F(BadInputTest, Recipes) {
  const auto refused = [&](const std::string& field, const std::string& message, auto spoil) {
    ExpectRefused(StatusCode::INVALID_ARGUMENT, field, message,
                  [&](v1::StylizeRequest& r) { spoil(*r.mutable_recipe()); });
  };
  refused("recipe.style_layers[1].layer", "the nearest names are block3_conv1", [](v1::Recipe& r) {
    r.add_style_layers()->set_layer("block1_conv1");
    r.add_style_layers()->set_layer("block3_convl");
  });
  refused("recipe.content_layers[0].layer", "",
          [](v1::Recipe& r) { r.add_content_layers()->set_layer(std::string(100000, 'a')); });
  refused("recipe.style_weight", "", [](v1::Recipe& r) { r.set_style_weight(0); });
  refused("recipe.style_layers", "", [](v1::Recipe& r) {
    r.add_style_layers()->set_layer("block1_conv1");
    r.mutable_style_layers(0)->set_weight(0);
  });
  refused("recipe.style_picture_weights", "", [](v1::Recipe& r) { r.add_style_picture_weights(0); });
  refused("recipe.style_picture_weights", "", [](v1::Recipe& r) {
    r.add_style_picture_weights(1);
    r.add_style_picture_weights(1);
  });
  refused("recipe.learning_rate", "", [](v1::Recipe& r) { r.set_learning_rate(-5); });
  refused("recipe.learning_rate", "",
          [](v1::Recipe& r) { r.set_learning_rate(std::numeric_limits<double>::quiet_NaN()); });
  refused("recipe.content_weight", "",
          [](v1::Recipe& r) { r.set_content_weight(std::numeric_limits<double>::infinity()); });
  refused("recipe.iterations", "", [](v1::Recipe& r) { r.set_iterations(0); });
  refused("recipe.iterations", "",
          [](v1::Recipe& r) { r.set_iterations(std::numeric_limits<int32_t>::max()); });
  refused("recipe.max_size", "", [](v1::Recipe& r) { r.set_max_size(1000000); });
  refused("recipe.preset", "painterly", [](v1::Recipe& r) { r.set_preset("baroque"); });
  refused("recipe.normalization", "",
          [](v1::Recipe& r) { r.set_normalization(static_cast<v1::Normalization>(77)); });
  refused("initial", "", [](v1::Recipe& r) { r.set_initial_picture(v1::INITIAL_PICTURE_SUPPLIED); });
}

TEST_F(BadInputTest, OptionsOutOfRange) {
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "preview.every_iterations", "",
                [](v1::StylizeRequest& r) { r.mutable_preview()->set_every_iterations(-1); });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "preview.interval", "",
                [](v1::StylizeRequest& r) { r.mutable_preview()->mutable_interval()->set_nanos(1); });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "preview.max_size", "",
                [](v1::StylizeRequest& r) { r.mutable_preview()->set_max_size(3); });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "output.quality", "",
                [](v1::StylizeRequest& r) { r.mutable_output()->set_quality(101); });
}

TEST_F(BadInputTest, WhatIsNotThere) {
  ExpectRefused(StatusCode::NOT_FOUND, "recipe.model", "models/vgg19, models/vgg16, models/resnet50",
                [](v1::StylizeRequest& r) { r.mutable_recipe()->set_model("models/vgg11"); });
  ExpectRefused(StatusCode::NOT_FOUND, "recipe.model", "",
                [](v1::StylizeRequest& r) { r.mutable_recipe()->set_model("vgg19"); });
  ExpectRefused(StatusCode::NOT_FOUND, "recipe.model", "not loaded",
                [](v1::StylizeRequest& r) { r.mutable_recipe()->set_model("models/vgg16"); });
  ExpectRefused(StatusCode::NOT_FOUND, "content.upload", "", [](v1::StylizeRequest& r) {
    r.mutable_content()->set_upload("uploads/00000000000000000000000000000000");
  });
}

TEST_F(BadInputTest, WeightsThatAreMissingForALayer) {
  // The reference's content layer is in the fifth stage, whose weights the file lacks.
  ExpectRefused(StatusCode::FAILED_PRECONDITION, "recipe.content_layers[0].layer", "conv5_block1_1_conv",
                [](v1::StylizeRequest& r) {
                  r.mutable_recipe()->set_model("models/resnet50");
                  r.mutable_recipe()->set_preset("reference");
                });
  ExpectRefused(StatusCode::FAILED_PRECONDITION, "recipe.style_layers[1].layer", "conv5_block1_1_conv",
                [](v1::StylizeRequest& r) {
                  r.mutable_recipe()->set_model("models/resnet50");
                  r.mutable_recipe()->add_content_layers()->set_layer("conv4_block1_out");
                  r.mutable_recipe()->add_style_layers()->set_layer("conv2_block1_out");
                  r.mutable_recipe()->add_style_layers()->set_layer("conv5_block1_1_bn");
                });
  // What doesn't need them works.
  v1::StylizeRequest request = testing::SmallRequest(2);
  request.mutable_recipe()->set_model("models/resnet50");
  request.mutable_recipe()->add_content_layers()->set_layer("conv4_block1_out");
  request.mutable_recipe()->add_style_layers()->set_layer("conv2_block1_out");
  request.mutable_recipe()->add_style_layers()->set_layer(
      "conv5_block1_0_bn");  // beside the layer that is missing
  const JobOutcome outcome = RunJob(*server_->stylization, request);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
}

TEST_F(BadInputTest, OtherWeightsThanTheRecipes) {
  ExpectRefused(StatusCode::FAILED_PRECONDITION, "recipe.weights_sha256", "",
                [](v1::StylizeRequest& r) { r.mutable_recipe()->set_weights_sha256(std::string(64, '0')); });
}

TEST_F(BadInputTest, AMessageBeyondTheLimit) {
  v1::StylizeRequest request = testing::SmallRequest(1);
  request.mutable_content()->set_encoded(std::string(4'000'000, 'x'));
  const JobOutcome outcome = RunJob(*server_->stylization, request);
  EXPECT_EQ(outcome.status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(BadInputTest, Uploads) {
  v1::UploadPictureResponse response;
  v1::UploadPictureRequest part;
  part.set_data("not a picture");
  grpc::Status status = testing::Upload(*server_->stylization, {part}, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << status.error_message();
  EXPECT_EQ(testing::FieldOf(status), "data");
  status = testing::Upload(*server_->stylization, {}, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << status.error_message();
  v1::UploadPictureRequest raw;
  raw.mutable_raw()->set_format(v1::PIXEL_FORMAT_RGBA_FLOAT);
  raw.mutable_raw()->set_width(10000);
  raw.mutable_raw()->set_height(10000);
  status = testing::Upload(*server_->stylization, {raw}, &response);
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  raw.mutable_raw()->set_width(0);
  status = testing::Upload(*server_->stylization, {raw}, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << status.error_message();
  EXPECT_EQ(testing::FieldOf(status), "raw.width");
}

void ExpectStatus(const grpc::Status& status, StatusCode code, const std::string& field,
                  const std::string& message) {
  EXPECT_EQ(status.error_code(), code) << status.error_message();
  EXPECT_EQ(testing::FieldOf(status), field) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr(message));
}

// Calls every method that takes a job's name.
void ForEachJobMethod(v1::Stylization::Stub& stub, const std::string& name,
                      const std::function<void(const grpc::Status&)>& check) {
  v1::Job job;
  check(testing::GetJob(stub, name, &job));
  check(testing::CancelJob(stub, name));
  check(testing::DeleteJob(stub, name));
  check(Ask(stub, &v1::Stylization::Stub::PauseJob, testing::Named<v1::PauseJobRequest>(name), &job));
  check(Ask(stub, &v1::Stylization::Stub::ResumeJob, testing::Named<v1::ResumeJobRequest>(name), &job));
  check(testing::WatchJob(stub, name).status);
}

TEST_F(BadInputTest, UnknownJobs) {
  v1::Stylization::Stub& stub = *server_->stylization;
  const std::string unknown = "jobs/00000000000000000000000000000000";
  ForEachJobMethod(stub, unknown, [&](const grpc::Status& status) {
    ExpectStatus(status, StatusCode::NOT_FOUND, "", unknown);
  });
  v1::Job job;
  ExpectStatus(Ask(stub, &v1::Stylization::Stub::UpdateJob, testing::StyleWeightUpdate(unknown, 1), &job),
               StatusCode::NOT_FOUND, "", unknown);
  for (const std::string name : {"", "jobs/", "styles/abc", "jobs/a/b"}) {
    ForEachJobMethod(stub, name, [](const grpc::Status& status) {
      ExpectStatus(status, StatusCode::INVALID_ARGUMENT, "name", "jobs/{job}");
    });
    ExpectStatus(Ask(stub, &v1::Stylization::Stub::UpdateJob, testing::StyleWeightUpdate(name, 1), &job),
                 StatusCode::INVALID_ARGUMENT, "job.name", "jobs/{job}");
  }
}

TEST_F(BadInputTest, JobsThatHaveEnded) {
  v1::Stylization::Stub& stub = *server_->stylization;
  const std::string name = RunJob(stub, testing::SmallRequest(1)).accepted.job();
  v1::Job job;
  ExpectStatus(Ask(stub, &v1::Stylization::Stub::UpdateJob, testing::StyleWeightUpdate(name, 1), &job),
               StatusCode::FAILED_PRECONDITION, "", name);
  ExpectStatus(Ask(stub, &v1::Stylization::Stub::PauseJob, testing::Named<v1::PauseJobRequest>(name), &job),
               StatusCode::FAILED_PRECONDITION, "", name);
  ExpectStatus(Ask(stub, &v1::Stylization::Stub::ResumeJob, testing::Named<v1::ResumeJobRequest>(name), &job),
               StatusCode::FAILED_PRECONDITION, "", name);
  EXPECT_TRUE(testing::CancelJob(stub, name).ok());
  EXPECT_EQ(testing::JobNow(stub, name).state(), v1::Job::STATE_SUCCEEDED);
}

TEST_F(BadInputTest, JobsThatRun) {
  v1::Stylization::Stub& stub = *server_->stylization;
  const std::string name = testing::Detach(stub, testing::SmallRequest(testing::kNeverDone));
  ExpectStatus(testing::DeleteJob(stub, name), StatusCode::FAILED_PRECONDITION, "",
               name + " hasn't ended: cancel it first");
  ExpectStatus(testing::WatchJob(stub, name, 1'000'000'000).status, StatusCode::OUT_OF_RANGE, "after_event",
               "1000000000 isn't there yet: the latest event is ");
  ExpectStatus(testing::WatchJob(stub, name, -1).status, StatusCode::INVALID_ARGUMENT, "after_event",
               "-1 is negative");

  const auto refused = [&](const std::string& field, const std::string& message,
                           const std::vector<std::string>& mask, auto spoil) {
    v1::UpdateJobRequest update;
    update.mutable_job()->set_name(name);
    for (const std::string& path : mask) update.mutable_update_mask()->add_paths(path);
    spoil(*update.mutable_job());
    v1::Job job;
    ExpectStatus(Ask(stub, &v1::Stylization::Stub::UpdateJob, update, &job), StatusCode::INVALID_ARGUMENT,
                 field, message);
  };
  const auto nothing = [](v1::Job&) {};
  refused("job", "has nothing to update", {}, nothing);
  refused("update_mask", "\"*\" isn't taken", {"*"}, nothing);
  refused("update_mask", "\"colour\" is no field of a job", {"colour"}, nothing);
  refused("update_mask", "\"recipe.brush\" is no field of a job", {"display_name", "recipe.brush"},
          [](v1::Job& job) { job.set_display_name("not taken over"); });
  for (const std::string field :
       {"name", "state", "client", "recipe", "recipe.seed", "recipe.model", "original_recipe.iterations"}) {
    refused("update_mask", "\"" + field + "\" can't be updated; these can: ", {field}, nothing);
  }
  refused("job.recipe.style_weight", "has no value", {"recipe.style_weight"}, nothing);
  refused("job.recipe.style_weight", "", {"recipe.style_weight"},
          [](v1::Job& job) { job.mutable_recipe()->set_style_weight(-1); });
  refused("job.preview.every_iterations", "", {"preview"},
          [](v1::Job& job) { job.mutable_preview()->set_every_iterations(-1); });
  refused("job.display_name", "201 characters are more than 200", {"display_name"},
          [](v1::Job& job) { job.set_display_name(std::string(201, 'x')); });
  refused("job.recipe.style_layers[0].layer", "", {"recipe.style_layers"}, [](v1::Job& job) {
    v1::LayerWeight& layer = *job.mutable_recipe()->add_style_layers();
    layer.set_layer("block9_conv9");
    layer.set_weight(1);
  });
  // None of it has changed anything.
  EXPECT_EQ(testing::JobNow(stub, name).display_name(), "");
  EXPECT_EQ(testing::JobNow(stub, name).original_recipe().changes_size(), 0);

  EXPECT_TRUE(testing::CancelJob(stub, name).ok());
  testing::WaitForState(stub, name, v1::Job::STATE_CANCELLED);
  EXPECT_TRUE(testing::DeleteJob(stub, name).ok());
  ExpectStatus(testing::DeleteJob(stub, name), StatusCode::NOT_FOUND, "", name);
}

TEST_F(BadInputTest, ListsOfJobs) {
  const auto refused = [&](const std::string& field, const std::string& message, auto spoil) {
    v1::ListJobsRequest request;
    spoil(request);
    v1::ListJobsResponse response;
    ExpectStatus(Ask(*server_->stylization, &v1::Stylization::Stub::ListJobs, request, &response),
                 StatusCode::INVALID_ARGUMENT, field, message);
  };
  refused("filter", "at position ", [](auto& request) { request.set_filter("colour = red"); });
  refused("filter", "at position ", [](auto& request) { request.set_filter("state = RUNNING AND"); });
  refused("order_by", "", [](auto& request) { request.set_order_by("colour"); });
  refused("page_size", "-1 is negative", [](auto& request) { request.set_page_size(-1); });
  refused("page_token", "", [](auto& request) { request.set_page_token("page 7"); });
}

TEST_F(BadInputTest, RequestIdsAndNames) {
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "request_id", "characters other than",
                [](v1::StylizeRequest& r) { r.set_request_id("my job!"); });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "display_name", "201 characters",
                [](v1::StylizeRequest& r) { r.set_display_name(std::string(201, 'x')); });
  v1::StylizeRequest request = testing::SmallRequest(1);
  request.set_request_id("bad_input-1");
  const JobOutcome first = RunJob(*server_->stylization, request);
  EXPECT_TRUE(first.status.ok()) << first.status.error_message();
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "request_id", "was another request's, " + first.accepted.job(),
                [](v1::StylizeRequest& r) {
                  r.set_request_id("bad_input-1");
                  r.mutable_recipe()->set_iterations(2);
                });
}

TEST_F(BadInputTest, Styles) {
  ExpectRefused(StatusCode::NOT_FOUND, "styles[0].style", "",
                [](v1::StylizeRequest& r) { r.mutable_styles(0)->set_style("styles/0123456789abcdef"); });
  ExpectRefused(StatusCode::INVALID_ARGUMENT, "content.style", "for style pictures alone",
                [](v1::StylizeRequest& r) { r.mutable_content()->set_style("styles/0123456789abcdef"); });
  v1::Style style;
  v1::CreateStyleRequest request;
  ExpectStatus(Ask(*server_->styles, &v1::Styles::Stub::CreateStyle, request, &style),
               StatusCode::INVALID_ARGUMENT, "picture", "is required");
  request.mutable_picture()->set_encoded("no picture");
  ExpectStatus(Ask(*server_->styles, &v1::Styles::Stub::CreateStyle, request, &style),
               StatusCode::INVALID_ARGUMENT, "picture", "");
}

}  // namespace
}  // namespace impasto
