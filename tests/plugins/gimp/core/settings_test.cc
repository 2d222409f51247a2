#include "core/settings.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace impasto::gimp {
namespace {

Settings Full() {
  Settings settings;
  settings.style = {.kind = Style::Kind::kFile, .value = "/pictures/süß \"1\".jpg", .label = "süß \"1\""};
  settings.model = "vgg16";
  settings.strength = 62.5;
  settings.content_weight = 3;
  settings.style_weight = 250.25;
  settings.quality = Quality::kIterations;
  settings.iterations = 77;
  settings.size = 640;
  settings.placement = Placement::kInPlace;
  return settings;
}

TEST(SettingsTest, WhatIsInRangeIsFine) {
  EXPECT_TRUE(Validate(Settings()).ok());
  EXPECT_TRUE(Validate(Full()).ok());
}

TEST(SettingsTest, WhatIsOutOfRangeIsNamed) {
  const auto message = [](auto change) {
    Settings settings;
    change(settings);
    const absl::Status status = Validate(settings);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_EQ(message([](Settings& s) { s.strength = 100.5; }), "Strength: choose a number from 0 to 100.");
  EXPECT_EQ(message([](Settings& s) { s.strength = std::nan(""); }),
            "Strength: choose a number from 0 to 100.");
  EXPECT_EQ(message([](Settings& s) { s.content_weight = -1; }),
            "Content weight: choose a number from 0 to 1e15.");
  EXPECT_EQ(message([](Settings& s) { s.style_weight = 0; }),
            "Style weight: choose a number above 0, up to 1e15.");
  EXPECT_EQ(message([](Settings& s) { s.style_weight = std::numeric_limits<double>::infinity(); }),
            "Style weight: choose a number above 0, up to 1e15.");
  EXPECT_EQ(message([](Settings& s) { s.iterations = 0; }), "Iterations: choose a number from 1 to 100000.");
  EXPECT_EQ(message([](Settings& s) { s.size = 8193; }), "Size: choose a number from 16 to 8192.");
}

TEST(SettingsTest, TwentyFiveMoreOfStrengthIsTenTimesTheWeight) {
  EXPECT_EQ(StyleFactor(50), 1);
  EXPECT_DOUBLE_EQ(StyleFactor(75), 10);
  EXPECT_DOUBLE_EQ(StyleFactor(0), 0.01);
  EXPECT_DOUBLE_EQ(StrengthOf(10), 75);
  EXPECT_EQ(StrengthOf(1), 50);
  EXPECT_EQ(StrengthOf(1e9), 100);
  EXPECT_EQ(StrengthOf(0), 0);
  EXPECT_EQ(StrengthOf(std::nan("")), 0);
}

TEST(SettingsTest, ARecipeOfStrengthAndQuality) {
  v1::Recipe defaults;
  defaults.set_style_weight(20);
  defaults.set_content_weight(5);
  Settings settings;
  settings.model = "vgg19";
  settings.strength = 75;
  settings.quality = Quality::kBest;
  const absl::StatusOr<v1::Recipe> recipe = MakeRecipe(settings, defaults);
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_EQ(recipe->ShortDebugString(),
            "model: \"models/vgg19\" style_weight: 200 max_size: 512 quality: QUALITY_BEST");
}

TEST(SettingsTest, ARecipeOfWeightsAndIterations) {
  const absl::StatusOr<v1::Recipe> recipe = MakeRecipe(Full(), v1::Recipe());
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_EQ(recipe->ShortDebugString(),
            "model: \"models/vgg16\" content_weight: 3 style_weight: 250.25 iterations: 77 max_size: 640");
}

TEST(SettingsTest, TheWeightsAreLeftToAServerThatHasToldNone) {
  Settings settings;
  const absl::StatusOr<v1::Recipe> recipe = MakeRecipe(settings, v1::Recipe());
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  EXPECT_FALSE(recipe->has_style_weight());
  EXPECT_EQ(recipe->model(), "");
  EXPECT_EQ(recipe->quality(), v1::QUALITY_GOOD);
  settings.strength = 51;
  EXPECT_EQ(MakeRecipe(settings, v1::Recipe()).status().code(), absl::StatusCode::kFailedPrecondition);
  settings.strength = 101;
  EXPECT_EQ(MakeRecipe(settings, v1::Recipe()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(SettingsTest, AWeightStaysInTheApisRange) {
  v1::Recipe defaults;
  defaults.set_style_weight(1e14);
  Settings settings;
  settings.strength = 100;
  EXPECT_EQ(MakeRecipe(settings, defaults)->style_weight(), 1e15);
}

TEST(SettingsTest, JsonAndBack) {
  const std::string json = ToJson(Full());
  EXPECT_EQ(json.find('\n'), std::string::npos);
  const absl::StatusOr<Settings> back = SettingsFromJson(json);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->style, Full().style);
  EXPECT_EQ(back->style.label, "süß \"1\"");
  EXPECT_EQ(back->strength, 62.5);
  EXPECT_EQ(back->content_weight, 3);
  EXPECT_EQ(back->style_weight, 250.25);
  EXPECT_EQ(back->quality, Quality::kIterations);
  EXPECT_EQ(back->placement, Placement::kInPlace);
  EXPECT_EQ(ToJson(*back), json);
}

TEST(SettingsTest, WhatIsNotInTheJsonKeepsItsDefault) {
  const absl::StatusOr<Settings> settings = SettingsFromJson(R"({"size": 900, "of a newer version": [1]})");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->size, 900);
  EXPECT_EQ(settings->strength, 50);
  EXPECT_EQ(settings->content_weight, std::nullopt);
  EXPECT_EQ(settings->style.kind, Style::Kind::kNone);
}

TEST(SettingsTest, ForeignJsonIsRefused) {
  for (const char* json :
       {"", "[]", "null", "{", R"({"size": "900"})", R"({"size": 9000})", R"({"size": 1.5})",
        R"({"size": 99999999999999999999})", R"({"strength": true})", R"({"style": 7})",
        R"({"style": {"kind": "magic"}})", R"({"quality": ["best"]})", R"({"model": null})", "\xff\xfe"}) {
    EXPECT_EQ(SettingsFromJson(json).status().code(), absl::StatusCode::kInvalidArgument) << json;
  }
}

TEST(SettingsTest, ARecipeAsTheCommandLineWritesIt) {
  v1::Recipe recipe;
  recipe.set_max_size(300);
  recipe.add_changes()->set_iteration(4);
  const std::string json = ToJson(recipe);
  EXPECT_EQ(json, "{\n \"max_size\": 300,\n \"changes\": [\n  {\n   \"iteration\": 4\n  }\n ]\n}\n");
  const absl::StatusOr<v1::Recipe> back = RecipeFromJson(json);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->SerializeAsString(), recipe.SerializeAsString());
  EXPECT_EQ(RecipeFromJson("{\"max_size\": []}").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace impasto::gimp
