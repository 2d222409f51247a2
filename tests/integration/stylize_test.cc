// A photograph and a painting in, a painted photograph out, over gRPC.
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "imaging/picture.h"
#include "tests/integration/harness.h"

namespace impasto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::JobOutcome;
using testing::RunJob;
using ::testing::SizeIs;

imaging::Picture Decode(const std::string& data) {
  auto picture = imaging::Picture::Decode(data, imaging::Limits());
  EXPECT_TRUE(picture.ok()) << picture.status();
  return *std::move(picture);
}

double MeanDifference(const Image& a, const Image& b) {
  EXPECT_EQ(a.rgb.size(), b.rgb.size());
  double sum = 0;
  for (size_t i = 0; i < std::min(a.rgb.size(), b.rgb.size()); ++i) sum += std::abs(a.rgb[i] - b.rgb[i]);
  return sum / static_cast<double>(a.rgb.size());
}

void ExpectWhole(const JobOutcome& outcome, int iterations) {
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_THAT(outcome.faults, IsEmpty());
  EXPECT_EQ(outcome.finished.state(), v1::Finished::STATE_SUCCEEDED);
  ASSERT_THAT(outcome.progress, SizeIs(iterations + 1));
  const auto best =
      std::min_element(outcome.progress.begin(), outcome.progress.end(),
                       [](const auto& a, const auto& b) { return a.total_loss() < b.total_loss(); });
  EXPECT_EQ(outcome.result.total_loss(), best->total_loss());
  EXPECT_EQ(outcome.result.iteration(), best->iteration() - 1);
}

class StylizeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(imaging::Init(1).ok());
    weights_ = new testing::TempDir;
    testing::WriteSmallModel(weights_->path(), "vgg19");
    server_ = new testing::RunningServer(testing::StartServer(weights_->path()));
  }
  static void TearDownTestSuite() {
    delete server_;
    delete weights_;
  }

  static v1::Stylization::Stub& stub() { return *server_->stylization; }

  static testing::TempDir* weights_;
  static testing::RunningServer* server_;
};
testing::TempDir* StylizeTest::weights_ = nullptr;
testing::RunningServer* StylizeTest::server_ = nullptr;

TEST_F(StylizeTest, APhotographIsPainted) {
  const v1::StylizeRequest request = testing::SmallRequest(20);
  const JobOutcome outcome = RunJob(stub(), request);
  ExpectWhole(outcome, 20);
  EXPECT_THAT(outcome.accepted.job(), HasSubstr("jobs/"));
  EXPECT_EQ(outcome.accepted.width(), 48);
  EXPECT_EQ(outcome.accepted.height(), 40);
  EXPECT_EQ(outcome.accepted.jobs_ahead(), 0);
  EXPECT_THAT(outcome.accepted.warnings(), IsEmpty());
  EXPECT_EQ(outcome.accepted.recipe().model(), "models/vgg19");
  EXPECT_THAT(outcome.accepted.recipe().weights_sha256(), SizeIs(64));
  EXPECT_EQ(outcome.accepted.recipe().iterations(), 20);
  EXPECT_EQ(outcome.progress.front().iterations(), 20);
  EXPECT_LT(outcome.progress.back().total_loss(), outcome.progress.front().total_loss());
  EXPECT_THAT(outcome.progress.front().style_layer_losses(),
              SizeIs(outcome.accepted.recipe().style_layers_size()));
  EXPECT_EQ(outcome.picture.header.format(), v1::PICTURE_FORMAT_PNG);
  const imaging::Picture picture = Decode(outcome.picture.data);
  EXPECT_EQ(picture.width(), 48);
  EXPECT_EQ(picture.height(), 40);
  EXPECT_EQ(picture.bits(), 8);
  EXPECT_GT(MeanDifference(*picture.Working(512), testing::Photograph(48, 40)), 1);
}

TEST_F(StylizeTest, TheFirstEvaluationIsOfTheContent) {
  const JobOutcome outcome = RunJob(stub(), testing::SmallRequest(1));
  ExpectWhole(outcome, 1);
  EXPECT_EQ(outcome.progress.front().content_loss(), 0);
}

TEST_F(StylizeTest, AResolvedRecipeMakesTheSamePicture) {
  v1::StylizeRequest request = testing::SmallRequest(5);
  request.mutable_recipe()->set_initial_picture(v1::INITIAL_PICTURE_NOISE);
  request.mutable_recipe()->set_seed(3);
  const JobOutcome first = RunJob(stub(), request);
  ExpectWhole(first, 5);
  *request.mutable_recipe() = first.accepted.recipe();
  const JobOutcome second = RunJob(stub(), request);
  ExpectWhole(second, 5);
  EXPECT_TRUE(
      google::protobuf::util::MessageDifferencer::Equals(first.accepted.recipe(), second.accepted.recipe()));
  EXPECT_TRUE(first.picture.data == second.picture.data);
  request.mutable_recipe()->set_seed(4);
  EXPECT_TRUE(RunJob(stub(), request).picture.data != first.picture.data);
}

TEST_F(StylizeTest, ALargePictureIsScaledAndASmallOneIsNot) {
  v1::StylizeRequest request = testing::SmallRequest(1);
  request.mutable_content()->set_encoded(testing::Png(testing::Photograph(200, 100)));
  request.mutable_recipe()->set_max_size(64);
  const JobOutcome working = RunJob(stub(), request);
  ExpectWhole(working, 1);
  EXPECT_EQ(working.accepted.width(), 64);
  EXPECT_EQ(working.accepted.height(), 32);
  EXPECT_EQ(working.accepted.recipe().style_size(), 64);
  EXPECT_EQ(working.picture.header.width(), 64);
  request.mutable_output()->set_size(v1::OUTPUT_SIZE_ORIGINAL);
  request.mutable_output()->set_format(v1::PICTURE_FORMAT_JPEG);
  const JobOutcome original = RunJob(stub(), request);
  ExpectWhole(original, 1);
  EXPECT_EQ(original.accepted.width(), 64);
  EXPECT_EQ(original.picture.header.format(), v1::PICTURE_FORMAT_JPEG);
  EXPECT_EQ(original.picture.header.width(), 200);
  EXPECT_EQ(original.picture.header.height(), 100);
}

TEST_F(StylizeTest, PreviewsShowTheWayAndTheFirstComesEarly) {
  v1::StylizeRequest request = testing::SmallRequest(100);
  request.mutable_preview()->set_every_iterations(4);
  request.mutable_preview()->set_format(v1::PICTURE_FORMAT_PNG);
  const JobOutcome outcome = RunJob(stub(), request);
  ExpectWhole(outcome, 100);
  ASSERT_FALSE(outcome.previews.empty());
  // A step of this network is shorter than the encoding of a preview, so that the first may be overtaken.
  EXPECT_LE(outcome.previews.front().first, 40);
  const auto first = Decode(outcome.previews.front().second.data).Working(512);
  EXPECT_GT(MeanDifference(*first, testing::Photograph(48, 40)), 0.5);  // not the input
  for (const auto& [iteration, picture] : outcome.previews) EXPECT_EQ(iteration % 4, 0);
}

TEST_F(StylizeTest, PreviewsByTimeWithAJpegAtMostSoLarge) {
  v1::StylizeRequest request = testing::SmallRequest(2000);
  request.mutable_preview()->mutable_interval()->set_nanos(100'000'000);
  request.mutable_preview()->set_max_size(24);
  const JobOutcome outcome = RunJob(stub(), request);
  ExpectWhole(outcome, 2000);
  ASSERT_FALSE(outcome.previews.empty());
  EXPECT_EQ(outcome.previews.front().second.header.format(), v1::PICTURE_FORMAT_JPEG);
  EXPECT_EQ(outcome.previews.front().second.header.width(), 24);
  EXPECT_EQ(outcome.previews.front().second.header.height(), 20);
}

TEST_F(StylizeTest, RawPixelsWithAStride) {
  // The same pixels as BGR with 10 bytes behind each row, and as a PNG.
  const Image photograph = testing::Photograph(48, 40);
  const size_t plane = photograph.pixels();
  const int64_t stride = 48 * 3 + 10;
  std::string data(static_cast<size_t>(stride) * 40, '\x55');
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 48; ++x) {
      for (size_t c = 0; c < 3; ++c) {
        data[static_cast<size_t>(y * stride + x * 3) + c] = static_cast<char>(
            static_cast<uint8_t>(photograph.rgb[(2 - c) * plane + static_cast<size_t>(y) * 48 + x]));
      }
    }
  }
  v1::StylizeRequest request = testing::SmallRequest(2);
  request.mutable_output()->set_format(v1::PICTURE_FORMAT_RAW);
  const JobOutcome encoded = RunJob(stub(), request);
  ExpectWhole(encoded, 2);
  EXPECT_EQ(encoded.picture.header.pixel_format(), v1::PIXEL_FORMAT_RGB8);
  EXPECT_EQ(encoded.picture.header.stride(), 48 * 3);
  EXPECT_THAT(encoded.picture.data, SizeIs(48 * 40 * 3));

  v1::RawPixels* raw = request.mutable_content()->mutable_raw();
  raw->set_format(v1::PIXEL_FORMAT_BGR8);
  raw->set_width(48);
  raw->set_height(40);
  raw->set_stride(stride);
  raw->set_data(data);
  const JobOutcome from_raw = RunJob(stub(), request);
  ExpectWhole(from_raw, 2);
  EXPECT_TRUE(from_raw.picture.data == encoded.picture.data);
}

TEST_F(StylizeTest, AlphaAndSixteenBitsComeBack) {
  constexpr int kWidth = 40, kHeight = 32;
  std::vector<uint16_t> samples(kWidth * kHeight * 4);
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<uint16_t>((i * 2654435761u) >> 16);
  v1::StylizeRequest request = testing::SmallRequest(2);
  v1::RawPixels* raw = request.mutable_content()->mutable_raw();
  raw->set_format(v1::PIXEL_FORMAT_RGBA16);
  raw->set_width(kWidth);
  raw->set_height(kHeight);
  raw->set_data(samples.data(), samples.size() * 2);
  const JobOutcome png = RunJob(stub(), request);
  ExpectWhole(png, 2);
  const imaging::Picture picture = Decode(png.picture.data);
  EXPECT_TRUE(picture.has_alpha());
  EXPECT_EQ(picture.bits(), 16);

  request.mutable_output()->set_format(v1::PICTURE_FORMAT_RAW);
  request.mutable_output()->set_pixel_format(v1::PIXEL_FORMAT_RGBA16);
  const JobOutcome back = RunJob(stub(), request);
  ExpectWhole(back, 2);
  ASSERT_THAT(back.picture.data, SizeIs(samples.size() * 2));
  const auto* result = reinterpret_cast<const uint16_t*>(back.picture.data.data());
  for (size_t i = 3; i < samples.size(); i += 4) ASSERT_EQ(result[i], samples[i]) << i;
}

TEST_F(StylizeTest, SeveralStylesWithWeights) {
  v1::StylizeRequest request = testing::SmallRequest(3);
  request.add_styles()->set_encoded(testing::Png(testing::Photograph(60, 30)));
  request.mutable_recipe()->add_style_picture_weights(1);
  request.mutable_recipe()->add_style_picture_weights(0);
  const JobOutcome first_alone = RunJob(stub(), request);
  ExpectWhole(first_alone, 3);
  EXPECT_TRUE(first_alone.picture.data == RunJob(stub(), testing::SmallRequest(3)).picture.data);
  request.mutable_recipe()->clear_style_picture_weights();
  const JobOutcome both = RunJob(stub(), request);
  ExpectWhole(both, 3);
  EXPECT_THAT(both.accepted.recipe().style_picture_weights(), ElementsAre(0.5, 0.5));
  EXPECT_TRUE(both.picture.data != first_alone.picture.data);
}

TEST_F(StylizeTest, ASuppliedStartIsScaledToTheWorkingSize) {
  v1::StylizeRequest request = testing::SmallRequest(1);
  request.mutable_recipe()->set_initial_picture(v1::INITIAL_PICTURE_SUPPLIED);
  request.mutable_initial()->set_encoded(testing::Png(testing::Painting(80, 80)));
  const JobOutcome outcome = RunJob(stub(), request);
  ExpectWhole(outcome, 1);
  EXPECT_GT(outcome.progress.front().content_loss(), 0);
}

TEST_F(StylizeTest, AnUploadIsAsGoodAsAnInlinePicture) {
  const v1::StylizeRequest inline_request = testing::SmallRequest(2);
  const std::string& png = inline_request.content().encoded();
  std::vector<v1::UploadPictureRequest> parts(2);
  parts[0].set_data(png.substr(0, 100));
  parts[1].set_data(png.substr(100));
  v1::UploadPictureResponse upload;
  const grpc::Status status = testing::Upload(stub(), parts, &upload);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(upload.header().width(), 48);
  v1::StylizeRequest request = inline_request;
  request.mutable_content()->set_upload(upload.name());
  for (int i = 0; i < 2; ++i) {  // it can be used more than once
    const JobOutcome outcome = RunJob(stub(), request);
    ExpectWhole(outcome, 2);
    EXPECT_TRUE(outcome.picture.data == RunJob(stub(), inline_request).picture.data);
  }
}

TEST_F(StylizeTest, OneClientLeavesAndTheOtherFinishes) {
  const JobOutcome alone = RunJob(stub(), testing::SmallRequest(10));
  JobOutcome finishing;
  std::thread second;
  std::atomic<bool> second_waits = false;
  const JobOutcome left = RunJob(stub(), testing::SmallRequest(testing::kNeverDone),
                                 [&](const v1::JobEvent& event, grpc::ClientContext& context) {
                                   if (!event.has_progress()) return;
                                   // The first job is on the device; the second is accepted behind it, and
                                   // then the first goes away.
                                   if (event.progress().iteration() == 1) {
                                     second = std::thread([&] {
                                       finishing =
                                           RunJob(stub(), testing::SmallRequest(10),
                                                  [&](const v1::JobEvent& waiting, grpc::ClientContext&) {
                                                    if (waiting.has_accepted()) second_waits = true;
                                                  });
                                     });
                                   }
                                   if (second_waits) context.TryCancel();
                                 });
  second.join();
  EXPECT_EQ(left.status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_THAT(left.faults, IsEmpty());
  // A client that leaves may come back.
  testing::WaitForState(stub(), left.accepted.job(), v1::Job::STATE_ORPHANED);
  EXPECT_TRUE(testing::CancelJob(stub(), left.accepted.job()).ok());
  testing::WaitForState(stub(), left.accepted.job(), v1::Job::STATE_CANCELLED);
  ExpectWhole(finishing, 10);
  EXPECT_EQ(finishing.accepted.jobs_ahead(), 1);
  EXPECT_TRUE(finishing.picture.data == alone.picture.data);
}

TEST_F(StylizeTest, OneLineOfTheLogForEachJob) {
  const JobOutcome outcome = RunJob(stub(), testing::SmallRequest(2));
  ExpectWhole(outcome, 2);
  const auto line = server_->process->WaitForLine(outcome.accepted.job());
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_THAT(*line, HasSubstr("vgg19 painterly 48x40, 2 iterations"));
}

struct FormatCase {
  const char* model;
  testing::WeightsFormat format;
};
std::vector<FormatCase> FormatCases() {
  std::vector<FormatCase> cases;
  for (const testing::WeightsFormat format : testing::VggFormats()) cases.push_back({"vgg19", format});
  for (const testing::WeightsFormat format : testing::ResNetFormats()) cases.push_back({"resnet50", format});
  cases.push_back({"vgg16", testing::WeightsFormat::kSafetensors});
  return cases;
}

class WeightsFormatsTest : public ::testing::TestWithParam<FormatCase> {};

TEST_P(WeightsFormatsTest, Paints) {
  ASSERT_TRUE(imaging::Init(1).ok());
  const testing::TempDir dir;
  testing::WriteSmallModel(dir.path(), GetParam().model, GetParam().format);
  const testing::RunningServer server = testing::StartServer(dir.path());
  v1::StylizeRequest request = testing::SmallRequest(3);
  request.mutable_recipe()->set_preset("reference");
  const JobOutcome outcome = RunJob(*server.stylization, request);
  ExpectWhole(outcome, 3);
  EXPECT_EQ(outcome.accepted.recipe().model(), std::string("models/") + GetParam().model);
}

INSTANTIATE_TEST_SUITE_P(All, WeightsFormatsTest, ::testing::ValuesIn(FormatCases()), [](const auto& info) {
  return std::string(info.param.model) + "_" + testing::FormatName(info.param.format);
});

}  // namespace
}  // namespace impasto
