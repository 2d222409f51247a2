#include "dialog/dialog_model.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace impasto::gimp {
namespace {

using End = DialogModel::End;
using Phase = PaintState::Phase;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What a job says, and what it was told; outlives the model's hold on it.
struct Script {
  PaintState state;
  std::vector<std::pair<double, double>> weights;
  int stops = 0;
  int cancels = 0;
};

class FakeJob : public RunningJob {
 public:
  explicit FakeJob(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  PaintState state() const override { return script_->state; }
  void ChangeWeights(double content_weight, double style_weight) override {
    script_->weights.emplace_back(content_weight, style_weight);
  }
  void Stop() override {
    ++script_->stops;
    script_->state.phase = Phase::kStopping;
  }
  void Cancel() override {
    ++script_->cancels;
    script_->state.phase = Phase::kCancelled;
  }
  void WaitUntilTold(absl::Duration /*wait*/) override {}

 private:
  std::shared_ptr<Script> script_;
};

ServerStatus Ready() {
  ServerStatus status;
  status.light = ServerStatus::Light::kReady;
  status.words = "Ready";
  status.address = "127.0.0.1:50451";
  v1::Model& model = status.models.emplace_back();
  model.set_name("models/vgg19");
  model.mutable_default_recipe()->set_content_weight(2);
  model.mutable_default_recipe()->set_style_weight(1000);
  return status;
}

ServerStatus NobodyThere() {
  ServerStatus status;
  status.light = ServerStatus::Light::kUnreachable;
  status.words = "Nobody is there.";
  status.nobody_there = true;
  return status;
}

Settings WithStyle() {
  Settings settings;
  settings.style = {Style::Kind::kFile, "/pictures/night.png", "night"};
  return settings;
}

class DialogModelTest : public testing::Test {
 protected:
  DialogActions Actions() {
    DialogActions actions;
    actions.start = [this](const Settings& settings,
                           const v1::Recipe& recipe) -> absl::StatusOr<std::unique_ptr<RunningJob>> {
      if (!refused_.ok()) {
        return refused_;
      }
      started_with_ = settings;
      recipe_ = recipe;
      jobs_.push_back(std::make_shared<Script>());
      return std::make_unique<FakeJob>(jobs_.back());
    };
    actions.keep_record = [this](const std::string& job, const Settings& /*settings*/) {
      records_.push_back(job);
    };
    actions.remove_record = [this](const std::string& job) { std::erase(records_, job); };
    return actions;
  }
  DialogModel ReadyModel() {
    DialogModel model(WithStyle(), false, Actions());
    model.SetServer(Ready());
    return model;
  }
  PaintState& state() { return jobs_.back()->state; }
  void Accept() { state().phase = Phase::kWaiting, state().job = "jobs/a1"; }
  void Finish() {
    state().phase = Phase::kDone;
    state().result = std::make_shared<ResultPicture>();
  }

  absl::Status refused_;
  Settings started_with_;
  v1::Recipe recipe_;
  std::vector<std::shared_ptr<Script>> jobs_;
  std::vector<std::string> records_;
};

TEST_F(DialogModelTest, AsksForAStyleFirst) {
  DialogModel model(Settings(), false, Actions());
  model.SetServer(Ready());
  EXPECT_FALSE(model.view().paint);
  EXPECT_FALSE(model.view().ok);
  EXPECT_EQ(model.view().progress, "Choose a style: a picture whose manner is to be painted in.");
  model.Paint();
  EXPECT_THAT(jobs_, IsEmpty());
}

TEST_F(DialogModelTest, CanPaintOnceTheServerIsReady) {
  DialogModel model(WithStyle(), false, Actions());
  EXPECT_FALSE(model.view().paint);
  model.SetServer(Ready());
  EXPECT_TRUE(model.view().paint);
  EXPECT_TRUE(model.view().ok);
  EXPECT_FALSE(model.view().stop);
  EXPECT_TRUE(model.view().settings);
}

TEST_F(DialogModelTest, OffersToStartAServerWhereThereIsOneToStart) {
  DialogModel model(WithStyle(), false, Actions());
  model.SetServer(NobodyThere());
  EXPECT_FALSE(model.view().start_server);
  model.SetCanStartServer(true);
  EXPECT_TRUE(model.view().start_server);
  EXPECT_EQ(model.view().progress, "There is no server to paint on yet");
  model.SetServer(Ready());
  EXPECT_FALSE(model.view().start_server);
}

TEST_F(DialogModelTest, PaintsWithTheServersFirstModelAndItsWeights) {
  DialogModel model = ReadyModel();
  Settings settings = WithStyle();
  settings.model = "one that isn't there";
  settings.strength = 75;
  model.Choose(settings);
  model.Paint();
  EXPECT_EQ(started_with_.model, "vgg19");
  EXPECT_EQ(recipe_.model(), "models/vgg19");
  EXPECT_DOUBLE_EQ(recipe_.style_weight(), 10000);
}

TEST_F(DialogModelTest, OnlyTheStrengthActsWhileItRuns) {
  DialogModel model = ReadyModel();
  model.Paint();
  const DialogView view = model.view();
  EXPECT_FALSE(view.settings);
  EXPECT_FALSE(view.placement);
  EXPECT_FALSE(view.iterations);
  EXPECT_FALSE(view.paint);
  EXPECT_TRUE(view.strength);
  EXPECT_TRUE(view.stop);
  EXPECT_TRUE(view.ok);
}

TEST_F(DialogModelTest, TellsTheRunningJobOfChangedWeightsOnce) {
  DialogModel model = ReadyModel();
  EXPECT_FALSE(model.SendWeights());
  model.Paint();
  EXPECT_FALSE(model.SendWeights());
  Settings settings = model.settings();
  settings.strength = 25;
  model.Choose(settings);
  EXPECT_TRUE(model.SendWeights());
  EXPECT_FALSE(model.SendWeights());
  EXPECT_THAT(jobs_.back()->weights, ElementsAre(std::pair(2.0, 100.0)));
  EXPECT_EQ(model.painted_with().strength, 25);
}

TEST_F(DialogModelTest, KeepsARecordUntilTheJobIsCancelled) {
  DialogModel model = ReadyModel();
  model.Paint();
  EXPECT_THAT(records_, IsEmpty());
  Accept();
  model.Look();
  EXPECT_THAT(records_, ElementsAre("jobs/a1"));
  model.Cancel();
  EXPECT_THAT(records_, IsEmpty());
  EXPECT_EQ(jobs_.back()->cancels, 1);
  EXPECT_EQ(model.end(), End::kCancelled);
}

TEST_F(DialogModelTest, OkAppliesWhatIsPainted) {
  DialogModel model = ReadyModel();
  model.Paint();
  Accept();
  model.Look();
  Finish();
  model.Look();
  EXPECT_EQ(model.end(), End::kOpen);
  EXPECT_TRUE(model.view().paint);
  EXPECT_EQ(model.view().fraction, 1);
  model.Ok();
  EXPECT_EQ(model.end(), End::kApply);
  // Who puts it into the image removes it.
  EXPECT_THAT(records_, ElementsAre("jobs/a1"));
}

TEST_F(DialogModelTest, OkPaintsFirst) {
  DialogModel model = ReadyModel();
  model.Ok();
  ASSERT_EQ(jobs_.size(), 1U);
  EXPECT_EQ(model.end(), End::kOpen);
  EXPECT_FALSE(model.view().ok);
  Finish();
  model.Look();
  EXPECT_EQ(model.end(), End::kApply);
}

TEST_F(DialogModelTest, OkWhileItRunsAppliesAtItsEnd) {
  DialogModel model = ReadyModel();
  model.Paint();
  model.Ok();
  EXPECT_EQ(jobs_.size(), 1U);
  Finish();
  model.Look();
  EXPECT_EQ(model.end(), End::kApply);
}

TEST_F(DialogModelTest, StaysAfterAFailureAndPaintsAgain) {
  DialogModel model = ReadyModel();
  model.Ok();
  Accept();
  model.Look();
  state().phase = Phase::kFailed;
  state().status = absl::InternalError("out of paint");
  model.Look();
  EXPECT_EQ(model.end(), End::kOpen);
  EXPECT_THAT(records_, IsEmpty());
  EXPECT_TRUE(model.view().message_is_error);
  EXPECT_EQ(model.view().message, "Something went wrong at the server; its log may say more. (out of paint)");
  EXPECT_TRUE(model.view().paint);
  model.Paint();
  EXPECT_EQ(jobs_.size(), 2U);
  EXPECT_EQ(model.view().message, "");
  // The OK of before is forgotten.
  Finish();
  model.Look();
  EXPECT_EQ(model.end(), End::kOpen);
}

TEST_F(DialogModelTest, KeepsTheRecordOfAJobWhoseServerWentAway) {
  DialogModel model = ReadyModel();
  model.Paint();
  Accept();
  model.Look();
  state().phase = Phase::kFailed;
  state().status = absl::UnavailableError("gone");
  model.Look();
  EXPECT_THAT(records_, ElementsAre("jobs/a1"));
}

TEST_F(DialogModelTest, PaintingAgainThrowsTheFormerPictureAway) {
  DialogModel model = ReadyModel();
  model.Paint();
  Accept();
  model.Look();
  Finish();
  model.Look();
  model.Paint();
  EXPECT_EQ(jobs_.size(), 2U);
  EXPECT_EQ(jobs_.front()->cancels, 1);
  EXPECT_THAT(records_, IsEmpty());
}

TEST_F(DialogModelTest, SaysWhyAJobCantBeStarted) {
  DialogModel model = ReadyModel();
  refused_ = absl::NotFoundError("The layer is gone.");
  model.Paint();
  EXPECT_FALSE(model.running());
  EXPECT_EQ(model.view().message, "The layer is gone.");
  EXPECT_TRUE(model.view().message_is_error);
}

TEST_F(DialogModelTest, StopsOnce) {
  DialogModel model = ReadyModel();
  model.Stop();
  model.Paint();
  model.Stop();
  EXPECT_EQ(jobs_.back()->stops, 1);
  EXPECT_FALSE(model.view().stop);
}

TEST_F(DialogModelTest, TellsHowFarItIs) {
  DialogModel model = ReadyModel();
  model.Paint();
  EXPECT_TRUE(model.view().pulse);
  EXPECT_EQ(model.view().progress, "Sending the pictures");
  state().phase = Phase::kWaiting;
  state().jobs_ahead = 2;
  model.Look();
  EXPECT_EQ(model.view().progress, "Waiting: 2 other pictures are painted first");
  state().phase = Phase::kPainting;
  state().iteration = 30;
  state().iterations = 120;
  state().total_loss = 123456;
  state().remaining = absl::Seconds(95);
  state().warnings = {"The style is small."};
  model.Look();
  const DialogView view = model.view();
  EXPECT_FALSE(view.pulse);
  EXPECT_EQ(view.fraction, 0.25);
  EXPECT_EQ(view.progress, "Iteration 30 of 120, about 2 min left");
  EXPECT_EQ(view.losses, "Loss 1.23e+05");
  EXPECT_EQ(view.message, "The style is small.");
  EXPECT_FALSE(view.message_is_error);
  state().phase = Phase::kReconnecting;
  model.Look();
  EXPECT_EQ(model.view().progress, "The connection is lost; trying again");
}

TEST_F(DialogModelTest, SaysWhatItNeedsAndWhatWouldFit) {
  DialogModel model = ReadyModel();
  EXPECT_EQ(model.view().memory, "");
  v1::EstimateJobResponse forecast;
  forecast.mutable_memory()->set_peak_bytes(600'000'000);
  forecast.mutable_memory()->set_budget_bytes(1'000'000'000);
  model.SetForecast(forecast);
  EXPECT_EQ(model.view().memory, "Needs about 600 MB");
  EXPECT_FALSE(model.view().memory_is_short);
  forecast.mutable_memory()->set_budget_bytes(400'000'000);
  forecast.mutable_memory()->set_largest_max_size(384);
  model.SetForecast(forecast);
  EXPECT_EQ(model.view().memory,
            "Needs about 600 MB; the server has 400 MB. A size of 384 pixels would fit.");
  EXPECT_TRUE(model.view().memory_is_short);
}

TEST_F(DialogModelTest, AMaskIsPaintedInPlace) {
  DialogModel model(WithStyle(), true, Actions());
  model.SetServer(Ready());
  EXPECT_FALSE(model.view().placement);
  model.Choose(WithStyle());
  EXPECT_EQ(model.settings().placement, Placement::kInPlace);
}

TEST_F(DialogModelTest, ResetKeepsTheStyle) {
  DialogModel model = ReadyModel();
  Settings settings = WithStyle();
  settings.size = 1024;
  settings.style_weight = 5;
  model.Choose(settings);
  EXPECT_FALSE(model.view().strength);
  model.Reset();
  EXPECT_EQ(model.settings().size, 512);
  EXPECT_EQ(model.settings().style, WithStyle().style);
  EXPECT_TRUE(model.view().strength);
}

}  // namespace
}  // namespace impasto::gimp
