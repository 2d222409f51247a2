#include "cli/recipe_file.h"

#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/json.h"

#include "tests/client_sdk/cli/cli_process.h"

namespace impasto::cli {
namespace {

using ::impasto::testing::MakeTestDir;
using ::impasto::testing::WriteFile;

TEST(RecipeFileTest, IsReadableJson) {
  v1::Recipe recipe;
  recipe.set_preset("painterly");
  v1::LayerWeight& layer = *recipe.add_style_layers();
  layer.set_layer("block1_conv1");
  layer.set_weight(0.5);
  recipe.set_tv_weight(0);
  recipe.set_pooling(v1::POOLING_AVERAGE);
  recipe.set_seed(18446744073709551615u);
  EXPECT_EQ(ToJson(recipe), R"({
 "preset": "painterly",
 "style_layers": [
  {
   "layer": "block1_conv1",
   "weight": 0.5
  }
 ],
 "tv_weight": 0,
 "pooling": "POOLING_AVERAGE",
 "seed": "18446744073709551615"
}
)");
}

TEST(RecipeFileTest, ReadsWhatItWrote) {
  v1::Recipe recipe;
  recipe.set_model("models/vgg19");
  recipe.set_content_weight(0.1);
  recipe.set_style_weight(1.0 / 3);
  recipe.set_epsilon(std::numeric_limits<double>::denorm_min());
  recipe.set_iterations(300);
  recipe.set_normalization(v1::NORMALIZATION_PAPER);
  recipe.add_style_picture_weights(1e6);
  const std::string path = MakeTestDir() + "recipe.json";
  WriteFile(path, ToJson(recipe));
  const auto read = ReadRecipe(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), recipe.SerializeAsString());
}

TEST(RecipeFileTest, TakesCamelCaseToo) {
  const std::string path = MakeTestDir() + "recipe.json";
  WriteFile(path, R"({"learningRate": 2.5, "styleLayers": [{"layer": "a"}]})");
  const auto read = ReadRecipe(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->learning_rate(), 2.5);
  EXPECT_FALSE(read->style_layers(0).has_weight());
}

TEST(RecipeFileTest, NamesTheFileThatIsNoRecipe) {
  const std::string dir = MakeTestDir();
  const std::string path = dir + "recipe.json";
  for (const std::string text : {"not json", R"({"iterationz": 3})", R"({"iterations": "many"})", "[]"}) {
    WriteFile(path, text);
    const absl::Status status = ReadRecipe(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), ::testing::StartsWith(path + ": not a recipe: ")) << text;
  }
  WriteFile(path, "");
  EXPECT_EQ(ReadRecipe(path).status(), absl::InvalidArgumentError(path + ": an empty file, not a recipe"));
  WriteFile(path, std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(ReadRecipe(path).status(),
            absl::InvalidArgumentError(path + ": larger than 1 MiB, not a recipe"));
  EXPECT_EQ(ReadRecipe(dir).status(), absl::InvalidArgumentError(dir + ": a directory, not a recipe"));
  EXPECT_EQ(ReadRecipe(dir + "none").status(), absl::NotFoundError(dir + "none: No such file or directory"));
}

}  // namespace
}  // namespace impasto::cli
