#include "cli/stylize_request.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

#include "tests/client_sdk/cli/cli_process.h"

namespace impasto::cli {
namespace {

using ::impasto::testing::MakeTestDir;
using ::impasto::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StylizeRequestTest : public ::testing::Test {
 protected:
  StylizeRequestTest() {
    WriteFile(dir_ + "photo.jpg", "PHOTO");
    WriteFile(dir_ + "a.jpg", "A");
    WriteFile(dir_ + "b.jpg", "B");
  }

  // The flags of a command line that ends with `arguments`.
  StylizeFlags Parse(std::vector<std::string> arguments) {
    StylizeFlags flags;
    CLI::App app;
    AddStylizeOptions(&app, &flags);
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants it
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      ADD_FAILURE() << error.what();
    }
    return flags;
  }

  absl::StatusOr<v1::StylizeRequest> Build(std::vector<std::string> more) {
    std::vector<std::string> arguments = {dir_ + "photo.jpg", dir_ + "a.jpg", "-o", "out.png"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    notes_.clear();
    return BuildRequest(Parse(arguments), &notes_);
  }

  // The request has exactly this, besides its two pictures and the format.
  void ExpectRequest(const std::vector<std::string>& more, const std::string& text) {
    const auto request = Build(more);
    ASSERT_TRUE(request.ok()) << request.status();
    v1::StylizeRequest expected;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &expected));
    expected.mutable_content()->set_encoded("PHOTO");
    expected.mutable_styles()->Add();
    for (int i = expected.styles_size() - 1; i > 0; --i) {
      expected.mutable_styles()->SwapElements(i, i - 1);
    }
    expected.mutable_styles(0)->set_encoded("A");
    expected.mutable_recipe();
    expected.mutable_output()->set_format(v1::PICTURE_FORMAT_PNG);
    EXPECT_EQ(request->DebugString(), expected.DebugString());
  }

  const std::string dir_ = MakeTestDir();
  std::vector<std::string> notes_;
};

TEST_F(StylizeRequestTest, WhatIsNotGivenIsNotSent) { ExpectRequest({}, ""); }

TEST_F(StylizeRequestTest, EveryFlagHasItsField) {
  ExpectRequest({"--preset",         "reference",
                 "--model",          "resnet50",
                 "--iterations",     "300",
                 "--max-size",       "640",
                 "--style-size",     "320",
                 "--init",           "noise",
                 "--content-weight", "1e5",
                 "--style-weight",   "0.01",
                 "--tv-weight",      "0",
                 "--learning-rate",  "2.5",
                 "--normalization",  "paper",
                 "--pooling",        "avg",
                 "--seed",           "18446744073709551615"},
                R"(recipe {
                     preset: "reference" model: "models/resnet50" iterations: 300 max_size: 640 style_size: 320
                     initial_picture: INITIAL_PICTURE_NOISE content_weight: 1e5 style_weight: 0.01 tv_weight: 0
                     learning_rate: 2.5 normalization: NORMALIZATION_PAPER pooling: POOLING_AVERAGE
                     seed: 18446744073709551615
                   })");
  ExpectRequest(
      {"--model", "models/vgg19", "--normalization", "mean", "--pooling", "max", "--init", "content"},
      R"(recipe {
                     model: "models/vgg19" normalization: NORMALIZATION_MEAN pooling: POOLING_MAX
                     initial_picture: INITIAL_PICTURE_CONTENT
                   })");
}

TEST_F(StylizeRequestTest, TheWayToThePictureHasItsFlags) {
  ExpectRequest(
      {"--quality", "draft", "--optimizer", "adam", "--learning-rate", "3", "--schedule", "cosine",
       "--pyramid", "2", "--stall-evaluations", "9", "--stall-improvement", "0.5", "--iterations", "40"},
      R"(recipe {
                     quality: QUALITY_DRAFT optimizer: OPTIMIZER_ADAM learning_rate: 3
                     learning_rate_schedule: LEARNING_RATE_SCHEDULE_COSINE pyramid_levels: 2 stall_evaluations: 9
                     stall_improvement: 0.5 iterations: 40
                   })");
  ExpectRequest({"--quality", "good", "--optimizer", "lbfgs", "--lbfgs-history", "20"},
                "recipe { quality: QUALITY_GOOD optimizer: OPTIMIZER_LBFGS lbfgs_history: 20 }");
  ExpectRequest({"--quality", "best", "--schedule", "constant", "--pyramid", "0"},
                R"(recipe {
                     quality: QUALITY_BEST learning_rate_schedule: LEARNING_RATE_SCHEDULE_CONSTANT pyramid_levels: 0
                   })");
}

TEST_F(StylizeRequestTest, QualityDecidesInPlaceOfTheRecipe) {
  WriteFile(dir_ + "recipe.json", R"({
    "preset": "painterly", "quality": "QUALITY_BEST", "content_weight": 2, "optimizer": "OPTIMIZER_LBFGS",
    "lbfgs_history": 9, "learning_rate": 7, "learning_rate_schedule": "LEARNING_RATE_SCHEDULE_COSINE", "beta1": 0.5,
    "beta2": 0.6, "epsilon": 1, "iterations": 500, "pyramid_levels": 2, "stall_evaluations": 20,
    "stall_improvement": 0.1, "seed": 3
  })");
  ExpectRequest({"--recipe", dir_ + "recipe.json", "--quality", "draft", "--pyramid", "1"}, R"(recipe {
      preset: "painterly" quality: QUALITY_DRAFT content_weight: 2 pyramid_levels: 1 seed: 3
    })");
  EXPECT_THAT(notes_, ElementsAre("--quality draft decides optimizer, steps and levels in place of " + dir_ +
                                  "recipe.json."));
}

TEST_F(StylizeRequestTest, ABadNumberIsLeftToTheServer) {
  ExpectRequest({"--learning-rate", "-1", "--iterations", "-5"},
                "recipe { learning_rate: -1 iterations: -5 }");
}

TEST_F(StylizeRequestTest, LayersRepeat) {
  ExpectRequest({"--content-layer", "block4_conv2=0.5", "--style-layer", "block1_conv1", "--style-layer",
                 "block2_conv1=2e-3"},
                R"(recipe {
                     content_layers { layer: "block4_conv2" weight: 0.5 }
                     style_layers { layer: "block1_conv1" }
                     style_layers { layer: "block2_conv1" weight: 0.002 }
                   })");
}

TEST_F(StylizeRequestTest, RepeatableFlagsTakeOneValueEach) {
  const StylizeFlags flags = Parse({"--style-layer", "x", "photo", "--style-picture-weight", "2", "a", "b",
                                    "--style-picture-weight", "1", "-o", "out.png"});
  EXPECT_EQ(flags.content, "photo");
  EXPECT_THAT(flags.styles, ElementsAre("a", "b"));
  EXPECT_THAT(flags.style_layers, ElementsAre("x"));
  EXPECT_THAT(flags.style_picture_weights, ElementsAre(2, 1));
}

TEST_F(StylizeRequestTest, RefusesLayersOfAnotherForm) {
  for (const std::string text : {"=1", "block1_conv1=", "block1_conv1=x", "a=1=2"}) {
    EXPECT_EQ(Build({"--style-layer", text}).status(),
              absl::InvalidArgumentError("--style-layer " + text + ": not of the form NAME or NAME=WEIGHT"));
  }
}

TEST_F(StylizeRequestTest, SeveralStylesHaveWeights) {
  ExpectRequest({dir_ + "b.jpg", "--style-picture-weight", "3", "--style-picture-weight", "1"},
                R"(styles { encoded: "B" } recipe { style_picture_weights: 3 style_picture_weights: 1 })");
}

TEST_F(StylizeRequestTest, StartsFromAPicture) {
  WriteFile(dir_ + "start.png", "START");
  ExpectRequest({"--init", dir_ + "start.png"},
                R"(recipe { initial_picture: INITIAL_PICTURE_SUPPLIED } initial { encoded: "START" })");
}

TEST_F(StylizeRequestTest, OutputOptions) {
  ExpectRequest({"--output-size", "original", "--jpeg-quality", "80"},
                R"(output { size: OUTPUT_SIZE_ORIGINAL quality: 80 })");
  ExpectRequest({"--output-size", "working"}, "output { size: OUTPUT_SIZE_WORKING }");
}

TEST_F(StylizeRequestTest, PreviewsComeEveryTwentiethOfTheSteps) {
  ExpectRequest({"--preview-dir", "d", "--iterations", "300"},
                "recipe { iterations: 300 } preview { every_iterations: 15 format: PICTURE_FORMAT_JPEG }");
  ExpectRequest({"--preview-dir", "d", "--iterations", "3"},
                "recipe { iterations: 3 } preview { every_iterations: 1 format: PICTURE_FORMAT_JPEG }");
  ExpectRequest({"--preview-dir", "d"}, "preview { every_iterations: 10 format: PICTURE_FORMAT_JPEG }");
  ExpectRequest({"--preview-dir", "d", "--preview-every", "7"},
                "preview { every_iterations: 7 format: PICTURE_FORMAT_JPEG }");
}

TEST_F(StylizeRequestTest, WhatIsKeptHasTheOutputsFormat) {
  ExpectRequest({"--keep-on-interrupt"}, "preview { interval { seconds: 2 } format: PICTURE_FORMAT_PNG }");
  ExpectRequest({"--keep-on-interrupt", "--preview-dir", "d"},
                "preview { every_iterations: 10 interval { seconds: 2 } format: PICTURE_FORMAT_PNG }");
}

TEST_F(StylizeRequestTest, FlagsGoBeforeTheRecipe) {
  WriteFile(dir_ + "recipe.json", R"({
    "preset": "painterly", "model": "models/vgg19", "weights_sha256": "abc", "iterations": 500, "learning_rate": 1,
    "style_layers": [{"layer": "a", "weight": 1}, {"layer": "b", "weight": 1}], "style_picture_weights": [1, 2]
  })");
  ExpectRequest({"--recipe", dir_ + "recipe.json"}, R"(recipe {
      preset: "painterly" model: "models/vgg19" weights_sha256: "abc" iterations: 500 learning_rate: 1
      style_layers { layer: "a" weight: 1 } style_layers { layer: "b" weight: 1 }
      style_picture_weights: 1 style_picture_weights: 2
    })");
  EXPECT_THAT(notes_, IsEmpty());
  ExpectRequest(
      {"--recipe", dir_ + "recipe.json", "--style-layer", "c", "--iterations", "60", "--preview-dir", "d",
       "--style-picture-weight", "1", "--model", "vgg19", "--preset", "painterly"},
      R"(recipe {
                     preset: "painterly" model: "models/vgg19" weights_sha256: "abc" iterations: 60 learning_rate: 1
                     style_layers { layer: "c" } style_picture_weights: 1
                   }
                   preview { every_iterations: 3 format: PICTURE_FORMAT_JPEG })");
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(StylizeRequestTest, SaysWhereAFlagContradictsTheRecipe) {
  WriteFile(dir_ + "recipe.json",
            R"({"preset": "painterly", "model": "models/vgg19", "weights_sha256": "abc"})");
  ExpectRequest({"--recipe", dir_ + "recipe.json", "--preset", "reference", "--model", "resnet50"},
                R"(recipe { preset: "reference" model: "models/resnet50" })");
  EXPECT_THAT(notes_, ElementsAre("--preset reference goes before the preset \"painterly\" of " + dir_ +
                                      "recipe.json; values that are written out there stay.",
                                  "--model resnet50 goes before models/vgg19 of " + dir_ +
                                      "recipe.json; its weights' checksum is dropped."));
}

TEST_F(StylizeRequestTest, NamesTheFileThatIsAtFault) {
  WriteFile(dir_ + "empty.jpg", "");
  EXPECT_EQ(Build({dir_ + "missing.jpg"}).status().message(),
            dir_ + "missing.jpg: No such file or directory");
  EXPECT_EQ(Build({dir_ + "empty.jpg"}).status().message(), dir_ + "empty.jpg: an empty file, not a picture");
  EXPECT_EQ(Build({"--init", dir_}).status().message(), dir_ + ": a directory, not a picture");
  EXPECT_EQ(Build({"--recipe", dir_ + "none"}).status().message(), dir_ + "none: No such file or directory");
}

}  // namespace
}  // namespace impasto::cli
