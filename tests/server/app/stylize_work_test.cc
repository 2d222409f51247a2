#include "app/stylize_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/field_error.h"
#include "engine/pyramid.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"

namespace impasto::app {
namespace {

using ::testing::SizeIs;

Image Ramp(int width, int height, float step) {
  Image image{width, height, {}};
  image.rgb.resize(3 * image.pixels());
  for (size_t i = 0; i < image.rgb.size(); ++i)
    image.rgb[i] = static_cast<float>(static_cast<int>(static_cast<float>(i) * step) % 256);
  return image;
}

class StylizeWorkTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(imaging::Init(1).ok()); }

  StylizeWork::Options Options(int iterations) {
    const engine::Graph graph = testing::SmallNet(engine::Vgg19(), 16);
    const auto model =
        engine::Model::Load(graph, testing::SeededWeights(graph, 5), {.device = "cpu", .threads = 1});
    EXPECT_TRUE(model.ok()) << model.status();
    engine::Recipe recipe = *engine::MakePreset("reference", "vgg19", engine::WeightsFamily::kKeras);
    recipe.iterations = iterations;
    recipe.content_weight = 1;
    recipe.style_weight = 1e6;
    const Image content = Ramp(40, 32, 0.37f);
    const auto encoded = imaging::Encode(content, {.format = imaging::Format::kPng});
    auto original = imaging::Picture::Decode(encoded->data, imaging::Limits());
    EXPECT_TRUE(original.ok()) << original.status();
    return {.model = *model,
            .recipe = recipe,
            .pictures =
                engine::Stylization::Share({.content = content, .styles = {Ramp(32, 32, 1.9f)}, .init = {}}),
            .original = *std::move(original),
            .result = {.format = imaging::Format::kPng}};
  }
};

TEST_F(StylizeWorkTest, StepsToTheEnd) {
  StylizeWork work(Options(3));
  ASSERT_TRUE(work.Start().ok());
  EXPECT_FALSE(work.done());
  EXPECT_EQ(work.iterations_made(), 0);
  double best = std::numeric_limits<double>::infinity();
  int best_iteration = -1;
  for (int step = 1; step <= 4; ++step) {
    EXPECT_FALSE(work.done());
    const auto progress = work.Step();
    ASSERT_TRUE(progress.ok()) << progress.status();
    EXPECT_EQ(progress->iteration(), step);
    EXPECT_EQ(progress->iterations(), 3);
    EXPECT_EQ(work.iterations_made(), std::min(step, 3));  // the last evaluation makes no step
    EXPECT_THAT(progress->content_layer_losses(), SizeIs(1));
    EXPECT_THAT(progress->style_layer_losses(), SizeIs(5));
    EXPECT_DOUBLE_EQ(progress->total_loss(), progress->content_loss() + 1e6 * progress->style_loss());
    if (progress->total_loss() < best) {
      best = progress->total_loss();
      best_iteration = step - 1;
    }
  }
  EXPECT_TRUE(work.done());
  v1::Result result;
  const auto picture = work.TakeResult(&result)();
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(result.total_loss(), best);
  EXPECT_EQ(result.iteration(), best_iteration);
  EXPECT_EQ(picture->header.format(), v1::PICTURE_FORMAT_PNG);
  EXPECT_EQ(picture->header.width(), 40);
  EXPECT_EQ(picture->header.height(), 32);
}

TEST_F(StylizeWorkTest, APreviewIsThePictureWhenItWasTaken) {
  StylizeWork work(Options(5));
  v1::PreviewOptions preview;
  preview.set_max_size(20);
  work.SetPreview(preview);
  ASSERT_TRUE(work.Start().ok());
  ASSERT_TRUE(work.Step().ok());
  const jobs::PictureMaker first = work.TakePreview();
  const jobs::PictureMaker same = work.TakePreview();
  ASSERT_TRUE(work.Step().ok());
  const jobs::PictureMaker second = work.TakePreview();
  const auto a = first(), b = same(), c = second();
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  EXPECT_TRUE(a->data == b->data);
  EXPECT_TRUE(a->data != c->data);
  EXPECT_EQ(a->header.format(), v1::PICTURE_FORMAT_JPEG);
  EXPECT_EQ(a->header.width(), 20);
  EXPECT_EQ(a->header.height(), 16);
}

TEST_F(StylizeWorkTest, PicturesOutliveTheWork) {
  auto work = std::make_unique<StylizeWork>(Options(2));
  ASSERT_TRUE(work->Start().ok());
  ASSERT_TRUE(work->Step().ok());
  v1::Result result;
  const jobs::PictureMaker preview = work->TakePreview();
  const jobs::PictureMaker best = work->TakeResult(&result);
  work.reset();
  EXPECT_TRUE(preview().ok());
  EXPECT_TRUE(best().ok());
}

TEST_F(StylizeWorkTest, BeforeTheFirstStepThereIsNoResult) {
  StylizeWork work(Options(2));
  v1::Result result;
  EXPECT_EQ(work.TakeResult(&result)().status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(work.Start().ok());
  EXPECT_EQ(work.TakeResult(&result)().status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(work.Step().ok());
  EXPECT_TRUE(work.TakeResult(&result)().ok());
  EXPECT_EQ(result.iteration(), 0);
}

TEST_F(StylizeWorkTest, AStartThatFailsSaysWhy) {
  StylizeWork::Options options = Options(2);
  options.pictures =
      engine::Stylization::Share({.content = Ramp(8, 8, 1), .styles = {Ramp(32, 32, 1.9f)}, .init = {}});
  StylizeWork work(std::move(options));
  EXPECT_EQ(work.Start().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(work.done());
}

TEST_F(StylizeWorkTest, CoarseLevelsShowAtTheWorkingSize) {
  StylizeWork::Options options = Options(5);
  options.recipe.pyramid_levels = 2;
  options.pictures = engine::Stylization::Share(
      {.content = Ramp(130, 128, 0.37f), .styles = {Ramp(128, 128, 1.9f)}, .init = {}});
  StylizeWork work(std::move(options));
  ASSERT_TRUE(work.Start().ok());
  EXPECT_GT(work.remaining_steps(), 5);  // fine steps count for more than the coarse one that is next
  for (int step = 1; !work.done(); ++step) {
    const auto progress = work.Step();
    ASSERT_TRUE(progress.ok()) << progress.status();
    EXPECT_EQ(progress->level(), step <= engine::LevelIterations(5, 2)[0] ? 0 : 1);
    EXPECT_EQ(progress->levels(), 2);
    v1::Result result;
    for (const auto& picture : {work.TakePreview()(), work.TakeResult(&result)()}) {
      ASSERT_TRUE(picture.ok()) << picture.status();
      EXPECT_EQ(picture->header.width(), 130);
      EXPECT_EQ(picture->header.height(), 128);
    }
    EXPECT_EQ(result.level(), progress->level());
  }
  EXPECT_EQ(work.iterations_made(), 5);
  EXPECT_EQ(work.remaining_steps(), 0);
}

TEST_F(StylizeWorkTest, AStallIsTheEndOfItsSteps) {
  StylizeWork::Options options = Options(50);
  options.recipe.learning_rate = 1e-9;
  options.recipe.stall_evaluations = 2;
  options.recipe.stall_improvement = 0.01;
  StylizeWork work(std::move(options));
  ASSERT_TRUE(work.Start().ok());
  EXPECT_EQ(work.Step()->iterations(), 50);
  EXPECT_EQ(work.Step()->iterations(), 50);
  EXPECT_EQ(work.Step()->iterations(), 2);
  EXPECT_TRUE(work.done());
  EXPECT_EQ(work.iterations_made(), 2);
}

TEST_F(StylizeWorkTest, TheOriginalsSizeIsPutBack) {
  StylizeWork::Options options = Options(1);
  options.pictures = engine::Stylization::Share(
      {.content = *options.original.Working(32), .styles = {Ramp(32, 32, 1.9f)}, .init = {}});
  options.result.original_size = true;
  StylizeWork work(std::move(options));
  ASSERT_TRUE(work.Start().ok());
  ASSERT_TRUE(work.Step().ok());
  v1::Result result;
  const auto picture = work.TakeResult(&result)();
  ASSERT_TRUE(picture.ok()) << picture.status();
  EXPECT_EQ(picture->header.width(), 40);
  EXPECT_EQ(picture->header.height(), 32);
}

// All losses and the result, with the work set aside before the steps that `aside` names.
struct Outcome {
  std::vector<double> losses;
  std::string picture;
  bool operator==(const Outcome&) const = default;
};
Outcome RunAside(StylizeWork& work, const std::set<int>& aside) {
  Outcome outcome;
  for (int step = 1; !work.done(); ++step) {
    if (aside.count(step) > 0) work.SetAside();
    if (!work.started()) EXPECT_TRUE(work.Start().ok());
    const auto progress = work.Step();
    EXPECT_TRUE(progress.ok()) << progress.status();
    outcome.losses.push_back(progress->total_loss());
  }
  v1::Result result;
  outcome.picture = work.TakeResult(&result)()->data;
  return outcome;
}

TEST_F(StylizeWorkTest, SetAsideItGoesOnAsIfNothingHadBeen) {
  StylizeWork straight(Options(6)), turns(Options(6));
  EXPECT_TRUE(RunAside(straight, {}) == RunAside(turns, {1, 2, 4, 5, 7}));
}

TEST_F(StylizeWorkTest, SetAsideItStillHasItsBestPicture) {
  StylizeWork work(Options(4));
  ASSERT_TRUE(work.Start().ok());
  ASSERT_TRUE(work.Step().ok());
  v1::Result before, after;
  const auto picture = work.TakeResult(&before)();
  work.SetAside();
  EXPECT_FALSE(work.started());
  EXPECT_EQ(work.iterations_made(), 1);
  EXPECT_TRUE(work.TakeResult(&after)()->data == picture->data);
  EXPECT_EQ(after.SerializeAsString(), before.SerializeAsString());
}

TEST_F(StylizeWorkTest, AChangeWorksTheSameWhetherItRunsOrIsSetAside) {
  v1::RecipeChange change;
  change.set_style_weight(5e6);
  const auto run = [&](bool aside) {
    StylizeWork work(Options(5));
    EXPECT_TRUE(work.Start().ok());
    for (int step = 0; step < 2; ++step) EXPECT_TRUE(work.Step().ok());
    if (aside) work.SetAside();
    v1::RecipeChange made = change;
    EXPECT_TRUE(work.Change(&made).ok());
    EXPECT_EQ(made.iteration(), 2);
    EXPECT_EQ(work.recipe().style_weight(), 5e6);
    EXPECT_EQ(work.original_recipe().style_weight(), 1e6);
    EXPECT_EQ(work.original_recipe().changes_size(), 1);
    return RunAside(work, {});
  };
  EXPECT_TRUE(run(false) == run(true));
}

TEST_F(StylizeWorkTest, ABadChangeChangesNothingAndNamesItsField) {
  for (const bool aside : {false, true}) {
    StylizeWork work(Options(5));
    ASSERT_TRUE(work.Start().ok());
    ASSERT_TRUE(work.Step().ok());
    ASSERT_TRUE(work.Step().ok());
    if (aside) work.SetAside();
    const std::string recipe = work.recipe().SerializeAsString();
    v1::RecipeChange change;
    change.set_content_weight(2);
    change.set_style_weight(-1);
    absl::Status status = work.Change(&change);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(FieldOf(status), "recipe.style_weight");
    change.Clear();
    change.set_iterations(1);
    EXPECT_EQ(FieldOf(work.Change(&change)), "recipe.iterations");
    change.Clear();
    change.add_style_layers()->set_layer("block5_conv4");
    status = work.Change(&change);
    EXPECT_EQ(FieldOf(status), "recipe.style_layers[0].layer") << status;
    change.Clear();
    change.add_style_picture_weights(1);
    change.add_style_picture_weights(1);
    EXPECT_EQ(FieldOf(work.Change(&change)), "recipe.style_picture_weights");
    EXPECT_TRUE(work.recipe().SerializeAsString() == recipe);
    EXPECT_EQ(work.original_recipe().changes_size(), 0);
  }
}

}  // namespace
}  // namespace impasto::app
