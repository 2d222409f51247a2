#include "cli/models_command.h"

#include <sstream>

#include <gtest/gtest.h>

#include "tests/client_sdk/cli/cli_process.h"
#include "tests/testing/fake_service.h"

namespace impasto::cli {
namespace {

using ::impasto::testing::CliProcess;
using ::impasto::testing::FakeServer;

v1::Model Vgg19() {
  v1::Model model;
  model.set_name("models/vgg19");
  model.set_state(v1::Model::STATE_LOADED);
  model.set_weights_family("keras");
  model.set_weights_origin("/weights/vgg19.h5");
  model.set_weights_sha256("abc123");
  model.set_device("cpu");
  v1::Layer& first = *model.add_layers();
  first.set_name("block1_conv1");
  first.set_op("conv2d");
  first.set_channels(64);
  first.set_height(512);
  first.set_width(512);
  first.set_available(true);
  v1::Layer& last = *model.add_layers();
  last = first;
  last.set_name("block5_conv4");
  last.set_channels(512);
  last.set_height(32);
  last.set_width(32);
  last.set_available(false);
  model.add_missing_layers("block5_conv4");
  model.mutable_default_recipe()->set_preset("painterly");
  return model;
}

v1::Model Resnet50() {
  v1::Model model;
  model.set_name("models/resnet50");
  model.set_state(v1::Model::STATE_UNAVAILABLE);
  model.set_state_reason("no weights");
  model.set_random_weights(true);
  return model;
}

constexpr char kTable[] =
    "MODEL     STATE        WEIGHTS  DEVICE  NOTE\n"
    "vgg19     loaded       keras    cpu\n"
    "resnet50  unavailable  -        -       RANDOM WEIGHTS: for trying only; no weights\n";

constexpr char kShown[] =
    "model    vgg19\n"
    "state    loaded\n"
    "device   cpu\n"
    "weights  keras\n"
    "origin   /weights/vgg19.h5\n"
    "sha256   abc123\n"
    "missing  block5_conv4\n"
    "\n"
    "Layers, any of them a content or a style layer; sizes for a picture of 512 x 512:\n"
    "LAYER         OP      MAPS  HEIGHT  WIDTH  NOTE\n"
    "block1_conv1  conv2d  64    512     512\n"
    "block5_conv4  conv2d  512   32      32     no weights\n"
    "\n"
    "Default recipe:\n"
    "{\n \"preset\": \"painterly\"\n}\n";

TEST(PrintModelsTest, IsATable) {
  std::ostringstream out;
  PrintModels({Vgg19(), Resnet50()}, &out);
  EXPECT_EQ(out.str(), kTable);
}

TEST(PrintModelTest, HasLayersAndRecipe) {
  std::ostringstream out;
  PrintModel(Vgg19(), &out);
  EXPECT_EQ(out.str(), kShown);
}

class ModelsProgramTest : public ::testing::Test {
 protected:
  ModelsProgramTest() { server_.SetModels({Vgg19(), Resnet50()}, /*page_size=*/1); }

  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "models");
    arguments.insert(arguments.end(), {"--server", server_.address()});
    CliProcess process(arguments);
    const int code = process.Wait();
    out_ = process.out();
    err_ = process.err();
    return code;
  }

  FakeServer server_;
  std::string out_;
  std::string err_;
};

TEST_F(ModelsProgramTest, Lists) {
  EXPECT_EQ(Run({"list"}), 0);
  EXPECT_EQ(out_, kTable);
  EXPECT_EQ(err_, "");
}

TEST_F(ModelsProgramTest, Shows) {
  EXPECT_EQ(Run({"show", "vgg19"}), 0);
  EXPECT_EQ(out_, kShown);
}

TEST_F(ModelsProgramTest, LoadsAndUnloads) {
  EXPECT_EQ(Run({"unload", "vgg19"}), 0);
  EXPECT_EQ(out_, "MODEL  STATE     WEIGHTS  DEVICE  NOTE\nvgg19  unloaded  keras    cpu\n");
  EXPECT_EQ(Run({"load", "models/vgg19"}), 0);
  EXPECT_EQ(out_, "MODEL  STATE   WEIGHTS  DEVICE  NOTE\nvgg19  loaded  keras    cpu\n");
}

TEST_F(ModelsProgramTest, AModelThatThereIsNot) {
  EXPECT_EQ(Run({"show", "vgg20"}), 1);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_,
            "impasto: no model \"models/vgg20\"\n  `impasto models list` shows the models that there are.\n");
}

TEST_F(ModelsProgramTest, WrongUsage) {
  EXPECT_EQ(Run({"show"}), 2);
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"paint"}), 2);
}

}  // namespace
}  // namespace impasto::cli
