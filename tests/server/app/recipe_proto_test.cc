#include "app/recipe_proto.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"

namespace impasto::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RecipeProtoTest : public ::testing::Test {
 protected:
  absl::StatusOr<engine::Recipe> Resolve(const v1::Recipe& given, int style_pictures = 1) {
    return ResolveRecipe(given, {.graph = &graph_,
                                 .family = engine::WeightsFamily::kKeras,
                                 .weights_sha256 = "abc",
                                 .style_pictures = style_pictures});
  }
  absl::StatusOr<engine::Recipe> Resolve(const std::string& text, int style_pictures = 1) {
    v1::Recipe given;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &given)) << text;
    return Resolve(given, style_pictures);
  }
  void ExpectRefused(const std::string& text, const std::string& field, const std::string& message = "") {
    const auto recipe = Resolve(text);
    EXPECT_EQ(recipe.status().code(), absl::StatusCode::kInvalidArgument) << text << ": " << recipe.status();
    EXPECT_EQ(FieldOf(recipe.status()), field) << text << ": " << recipe.status();
    EXPECT_THAT(std::string(recipe.status().message()), HasSubstr(message)) << text;
  }

  const engine::Graph graph_ = engine::Vgg19();
};

TEST_F(RecipeProtoTest, NothingGivenIsPainterly) {
  const auto recipe = Resolve("");
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  const auto preset = engine::MakePreset("painterly", "vgg19", engine::WeightsFamily::kKeras);
  EXPECT_EQ(recipe->preset, "painterly");
  EXPECT_EQ(recipe->model, "vgg19");
  EXPECT_EQ(recipe->weights_sha256, "abc");
  EXPECT_EQ(recipe->style_weight, preset->style_weight);
  EXPECT_EQ(recipe->iterations, preset->iterations);
  EXPECT_EQ(recipe->style_layers.size(), preset->style_layers.size());
  EXPECT_THAT(recipe->style_picture_weights, ElementsAre(1.0));
}

TEST_F(RecipeProtoTest, TheReferenceIsTheMethodsOwn) {
  const auto recipe = Resolve("preset: 'reference'");
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_EQ(recipe->content_weight, 1e5);
  EXPECT_EQ(recipe->style_weight, 1e-2);
  EXPECT_EQ(recipe->learning_rate, 5);
  EXPECT_EQ(recipe->iterations, 1000);
  ASSERT_EQ(recipe->style_layers.size(), 5u);
  EXPECT_EQ(recipe->style_layers[4].layer, "block5_conv1");
  EXPECT_EQ(recipe->style_layers[4].weight, 0.2);
}

TEST_F(RecipeProtoTest, GivenFieldsGoOnTopOfThePreset) {
  const auto recipe = Resolve(R"pb(
                                preset: 'reference'
                                model: 'models/vgg19'
                                weights_sha256: 'abc'
                                content_layers { layer: 'block4_conv2' weight: 0.5 }
                                style_layers { layer: 'block1_conv1' }
                                style_layers { layer: 'block2_pool' weight: 3 }
                                content_weight: 0
                                style_weight: 7
                                tv_weight: 8
                                normalization: NORMALIZATION_PAPER
                                pooling: POOLING_AVERAGE
                                learning_rate: 2
                                beta1: 0.9
                                beta2: 0.99
                                epsilon: 1e-8
                                iterations: 10
                                initial_picture: INITIAL_PICTURE_NOISE
                                seed: 18446744073709551615
                                max_size: 100
                                style_size: 200
                                style_picture_weights: 3
                                style_picture_weights: 1
                                optimizer: OPTIMIZER_LBFGS
                                lbfgs_history: 7
                                learning_rate_schedule: LEARNING_RATE_SCHEDULE_COSINE
                                pyramid_levels: 3
                                stall_evaluations: 11
                                stall_improvement: 0.25)pb",
                              2);
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  ASSERT_EQ(recipe->content_layers.size(), 1u);
  EXPECT_EQ(recipe->content_layers[0].layer, "block4_conv2");
  EXPECT_EQ(recipe->content_layers[0].weight, 0.5);
  ASSERT_EQ(recipe->style_layers.size(), 2u);
  EXPECT_EQ(recipe->style_layers[0].weight, 0.5);  // not given: 1 / 2
  EXPECT_EQ(recipe->style_layers[1].layer, "block2_pool");
  EXPECT_EQ(recipe->style_layers[1].weight, 3);
  EXPECT_EQ(recipe->content_weight, 0);
  EXPECT_EQ(recipe->style_weight, 7);
  EXPECT_EQ(recipe->tv_weight, 8);
  EXPECT_EQ(recipe->normalization, engine::Normalization::kPaper);
  EXPECT_EQ(recipe->pooling, engine::Pooling::kAverage);
  EXPECT_EQ(recipe->learning_rate, 2);
  EXPECT_EQ(recipe->beta1, 0.9);
  EXPECT_EQ(recipe->beta2, 0.99);
  EXPECT_EQ(recipe->epsilon, 1e-8);
  EXPECT_EQ(recipe->iterations, 10);
  EXPECT_EQ(recipe->init, engine::Init::kNoise);
  EXPECT_EQ(recipe->seed, 18446744073709551615u);
  EXPECT_EQ(recipe->max_size, 100);
  EXPECT_EQ(recipe->style_size, 200);
  EXPECT_THAT(recipe->style_picture_weights, ElementsAre(0.75, 0.25));
  EXPECT_EQ(recipe->optimizer, engine::OptimizerKind::kLbfgs);
  EXPECT_EQ(recipe->lbfgs_history, 7);
  EXPECT_EQ(recipe->schedule, engine::Schedule::kCosine);
  EXPECT_EQ(recipe->pyramid_levels, 3);
  EXPECT_EQ(recipe->stall_evaluations, 11);
  EXPECT_EQ(recipe->stall_improvement, 0.25);
  EXPECT_EQ(recipe->quality, engine::Quality::kPreset);
}

TEST_F(RecipeProtoTest, QualityGoesOnTopOfThePresetAndBelowTheFields) {
  const std::pair<const char*, engine::Quality> qualities[] = {{"QUALITY_DRAFT", engine::Quality::kDraft},
                                                               {"QUALITY_GOOD", engine::Quality::kGood},
                                                               {"QUALITY_BEST", engine::Quality::kBest}};
  for (const auto& [name, quality] : qualities) {
    engine::Recipe expected = *engine::MakePreset("reference", "vgg19", engine::WeightsFamily::kKeras);
    engine::ApplyQuality(quality, &expected);
    const auto recipe = Resolve(absl::StrCat("preset: 'reference' quality: ", name, " lbfgs_history: 3"));
    ASSERT_TRUE(recipe.ok()) << recipe.status();
    EXPECT_EQ(recipe->quality, quality);
    EXPECT_EQ(recipe->optimizer, expected.optimizer);
    EXPECT_EQ(recipe->iterations, expected.iterations);
    EXPECT_EQ(recipe->pyramid_levels, expected.pyramid_levels);
    EXPECT_EQ(recipe->stall_evaluations, expected.stall_evaluations);
    EXPECT_EQ(recipe->stall_improvement, expected.stall_improvement);
    EXPECT_EQ(recipe->content_weight, 1e5);  // the preset's
    EXPECT_EQ(recipe->lbfgs_history, 3);     // the request's
  }
  const auto adam =
      Resolve("quality: QUALITY_BEST optimizer: OPTIMIZER_ADAM iterations: 9 stall_evaluations: 0");
  EXPECT_EQ(adam->optimizer, engine::OptimizerKind::kAdam);
  EXPECT_EQ(adam->iterations, 9);
  EXPECT_EQ(adam->stall_evaluations, 0);
}

TEST_F(RecipeProtoTest, StyleSizeFollowsMaxSize) {
  EXPECT_EQ(Resolve("max_size: 300")->style_size, 300);
  EXPECT_EQ(Resolve("style_size: 300")->max_size, 512);
}

TEST_F(RecipeProtoTest, PictureWeightsDefaultToEqualShares) {
  EXPECT_THAT(Resolve("", 4)->style_picture_weights, ElementsAre(0.25, 0.25, 0.25, 0.25));
}

TEST_F(RecipeProtoTest, ResolvingAResolvedRecipeChangesNothing) {
  const std::string recipes[] = {
      "", "preset: 'reference'", "quality: QUALITY_DRAFT",
      // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): long ones are written in pieces
      "preset: 'reference' quality: QUALITY_BEST optimizer: OPTIMIZER_ADAM "
      "learning_rate: 3 pyramid_levels: 2",
      "preset: 'reference' style_layers { layer: 'block1_conv1' } style_layers { "
      "layer: 'block1_conv2' } style_layers { layer: "
      "'block2_conv1' } iterations: 3 style_picture_weights: 1 "
      "style_picture_weights: 2 style_picture_weights: 4"};
  for (const std::string& text : recipes) {
    const auto once = Resolve(text, 3);
    ASSERT_TRUE(once.ok()) << once.status();
    const auto twice = Resolve(RecipeToProto(*once), 3);
    ASSERT_TRUE(twice.ok()) << twice.status();
    EXPECT_TRUE(
        google::protobuf::util::MessageDifferencer::Equals(RecipeToProto(*once), RecipeToProto(*twice)))
        << text;
  }
}

TEST_F(RecipeProtoTest, AResolvedRecipeHasEveryField) {
  v1::Recipe proto = RecipeToProto(*Resolve(""));
  EXPECT_EQ(proto.model(), "models/vgg19");
  // A default value of a field without presence looks as if it weren't there; no such value is among the
  // resolved ones.
  const google::protobuf::Descriptor* descriptor = v1::Recipe::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const google::protobuf::FieldDescriptor* field = descriptor->field(i);
    // Nothing was changed on the way, and where it is painted isn't the recipe's to say.
    if (field->name() == "changes" || field->name() == "execution") continue;
    const bool there = field->is_repeated() ? proto.GetReflection()->FieldSize(proto, field) > 0
                                            : proto.GetReflection()->HasField(proto, field);
    EXPECT_TRUE(there) << field->name();
  }
  for (const v1::LayerWeight& layer : proto.style_layers()) EXPECT_TRUE(layer.has_weight());
}

TEST_F(RecipeProtoTest, ChangesComeBackAsTheyWere) {
  const std::string text =
      "preset: 'reference' changes { iteration: 3 content_weight: 2 style_weight: 3 tv_weight: 0 "
      "learning_rate: 1 iterations: 50 } changes { iteration: 7 style_layers { layer: 'block1_conv1' weight: "
      "2 } "
      "content_layers { layer: 'block5_conv2' weight: 3 } style_picture_weights: 1 style_picture_weights: 4 "
      "}";
  const auto recipe = Resolve(text, 2);
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  ASSERT_EQ(recipe->changes.size(), 2u);
  EXPECT_EQ(recipe->changes[0].steps, 3);
  EXPECT_EQ(recipe->changes[0].tv_weight, 0);
  EXPECT_EQ(recipe->changes[1].style_layers[0].weight, 2);
  v1::Recipe given;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &given));
  const v1::Recipe proto = RecipeToProto(*recipe);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(proto.changes(i), given.changes(i)));
    EXPECT_TRUE(RecipeChangeFromProto(given.changes(i)) == recipe->changes[i]);
  }
  EXPECT_EQ(FieldOf(Resolve("changes { iteration: 3 style_weight: -1 }").status()),
            "changes[0].style_weight");
}

TEST_F(RecipeProtoTest, BadFieldsAreNamed) {
  ExpectRefused("preset: 'baroque'", "preset", "there are painterly, reference");
  ExpectRefused("style_layers { layer: 'block1_conv1' } style_layers { layer: 'block3_conf1' }",
                "style_layers[1].layer",
                "unknown layer \"block3_conf1\" of vgg19; the nearest names are block3_conv1");
  ExpectRefused("content_layers { layer: 'input' }", "content_layers[0].layer");
  ExpectRefused("content_layers { layer: '' }", "content_layers[0].layer");
  ExpectRefused("style_layers { layer: 'block1_conv1' } style_layers { layer: 'block1_conv1' }",
                "style_layers[1].layer");
  ExpectRefused("style_layers { layer: 'block1_conv1' weight: -1 }", "style_layers[0].weight");
  ExpectRefused("style_layers { layer: 'block1_conv1' weight: nan }", "style_layers[0].weight");
  ExpectRefused("style_layers { layer: 'block1_conv1' weight: 0 }", "style_layers");
  ExpectRefused("content_weight: -1", "content_weight");
  ExpectRefused("content_weight: inf", "content_weight");
  ExpectRefused("style_weight: 0", "style_weight");
  ExpectRefused("style_weight: 1e16", "style_weight");
  ExpectRefused("tv_weight: -1", "tv_weight");
  ExpectRefused("normalization: 9", "normalization");
  ExpectRefused("pooling: 9", "pooling");
  ExpectRefused("initial_picture: 9", "initial_picture");
  ExpectRefused("quality: 9", "quality", "unknown value 9");
  ExpectRefused("optimizer: 9", "optimizer", "unknown value 9");
  ExpectRefused("learning_rate_schedule: 9", "learning_rate_schedule", "unknown value 9");
  ExpectRefused("lbfgs_history: 0", "lbfgs_history", "0 is not at least 1 and at most 100");
  ExpectRefused("lbfgs_history: 101", "lbfgs_history");
  ExpectRefused("pyramid_levels: -1", "pyramid_levels");
  ExpectRefused("pyramid_levels: 7", "pyramid_levels", "7 is not at least 0 and at most 6");
  ExpectRefused("stall_evaluations: -1", "stall_evaluations");
  ExpectRefused("stall_evaluations: 100001", "stall_evaluations");
  ExpectRefused("stall_improvement: 1", "stall_improvement");
  ExpectRefused("stall_improvement: nan", "stall_improvement");
  ExpectRefused("learning_rate: 0", "learning_rate");
  ExpectRefused("learning_rate: -5", "learning_rate");
  ExpectRefused("learning_rate: nan", "learning_rate");
  ExpectRefused("learning_rate: 256", "learning_rate");
  ExpectRefused("beta1: 1", "beta1");
  ExpectRefused("beta2: -0.1", "beta2");
  ExpectRefused("epsilon: 0", "epsilon");
  ExpectRefused("iterations: 0", "iterations");
  ExpectRefused("iterations: 100001", "iterations");
  ExpectRefused("max_size: 15", "max_size");
  ExpectRefused("max_size: 8193", "max_size");
  ExpectRefused("style_size: 0", "style_size");
  ExpectRefused("style_picture_weights: 0", "style_picture_weights", "all are 0");
  ExpectRefused("style_picture_weights: -1", "style_picture_weights[0]");
  ExpectRefused("style_picture_weights: nan", "style_picture_weights[0]");
  ExpectRefused("style_picture_weights: 1 style_picture_weights: 1", "style_picture_weights",
                "2 weights for 1 style pictures");
}

TEST_F(RecipeProtoTest, TooManyLayers) {
  v1::Recipe given;
  for (int i = 0; i < 65; ++i) given.add_content_layers()->set_layer("block1_conv1");
  const auto recipe = Resolve(given);
  EXPECT_EQ(recipe.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(recipe.status()), "content_layers");
}

TEST_F(RecipeProtoTest, OtherWeightsAreAFailedPrecondition) {
  const auto recipe = Resolve("weights_sha256: 'abd'");
  EXPECT_EQ(recipe.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(FieldOf(recipe.status()), "weights_sha256");
}

TEST(ModelIdTest, Names) {
  EXPECT_EQ(*ModelId(""), "");
  EXPECT_EQ(*ModelId("models/vgg19"), "vgg19");
  EXPECT_EQ(ModelId("vgg19").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ModelId("models/").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ModelResourceName("vgg16"), "models/vgg16");
}

}  // namespace
}  // namespace impasto::app
