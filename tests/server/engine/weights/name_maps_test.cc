#include "engine/weights/name_maps.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class NamesOnly final : public TensorSource {
 public:
  NamesOnly(const char* format, const std::vector<std::string>& names) : format_(format) {
    for (const std::string& name : names) tensors_.push_back({.name = name});
  }
  const char* format() const override { return format_; }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  absl::StatusOr<std::vector<float>> Read(size_t) override { return absl::UnimplementedError("names alone"); }

 private:
  const char* format_;
  std::vector<TensorInfo> tensors_;
};

absl::StatusOr<NamedModel> Keras(const std::vector<std::string>& names) {
  return IdentifyModel(NamesOnly("keras-h5", names), "");
}
absl::StatusOr<NamedModel> Torch(const std::vector<std::string>& names) {
  return IdentifyModel(NamesOnly("torch", names), "");
}

void ExpectRefused(const absl::Status& status, const std::string& reason) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
}

std::set<std::pair<std::string, std::string>> Slots(const absl::StatusOr<NamedModel>& named) {
  std::set<std::pair<std::string, std::string>> slots;
  for (const Slot& slot : named->slots) slots.emplace(slot.layer, ParameterName(slot.parameter));
  return slots;
}

TEST(ModernKerasNameTest, MapsEveryOlderName) {
  EXPECT_EQ(ModernKerasName("conv1"), "conv1_conv");
  EXPECT_EQ(ModernKerasName("bn_conv1"), "conv1_bn");
  EXPECT_EQ(ModernKerasName("res2a_branch1"), "conv2_block1_0_conv");
  EXPECT_EQ(ModernKerasName("bn2a_branch1"), "conv2_block1_0_bn");
  EXPECT_EQ(ModernKerasName("res2a_branch2a"), "conv2_block1_1_conv");
  EXPECT_EQ(ModernKerasName("bn3d_branch2b"), "conv3_block4_2_bn");
  EXPECT_EQ(ModernKerasName("res4f_branch2c"), "conv4_block6_3_conv");
  EXPECT_EQ(ModernKerasName("bn5c_branch2c"), "conv5_block3_3_bn");
  for (const char* same : {"conv1_conv", "res6a_branch2a", "res2a_branch2d", "res2g_branch1",
                           "res4b22_branch2a", "block1_conv1", "res", "bn", "", "res2a_branch"}) {
    EXPECT_EQ(ModernKerasName(same), same);
  }
}

TEST(KerasNamesTest, EveryWayToWriteALayer) {
  const auto expected =
      UnorderedElementsAre(std::pair("block3_conv4", "kernel"), std::pair("block3_conv4", "bias"));
  EXPECT_THAT(Slots(Keras({"block3_conv4/block3_conv4_W_1:0", "block3_conv4/block3_conv4_b_1:0"})), expected);
  EXPECT_THAT(Slots(Keras({"block3_conv4/block3_conv4_W:0", "block3_conv4/block3_conv4_b:0"})), expected);
  EXPECT_THAT(Slots(Keras({"block3_conv4/block3_conv4/kernel:0", "block3_conv4/block3_conv4/bias:0"})),
              expected);
  EXPECT_THAT(Slots(Keras({"block3_conv4/block3_conv4_7/kernel:0", "block3_conv4/block3_conv4_7/bias:0"})),
              expected)
      << "the second copy in the writer's session";
  EXPECT_THAT(
      Slots(Keras({"model_weights/vgg19/block3_conv4/kernel:0", "model_weights/vgg19/block3_conv4/bias:0"})),
      expected);
  EXPECT_THAT(
      Slots(Keras({"block3_conv4/kernel", "block3_conv4/bias", "predictions/kernel", "fc1/fc1/bias:0"})),
      expected);
}

TEST(KerasNamesTest, BatchNormOfKeras1) {
  EXPECT_THAT(Slots(Keras({"bn_conv1/bn_conv1_gamma:0", "bn_conv1/bn_conv1_beta:0",
                           "bn_conv1/bn_conv1_running_mean:0", "bn_conv1/bn_conv1_running_std:0"})),
              UnorderedElementsAre(std::pair("conv1_bn", "gamma"), std::pair("conv1_bn", "beta"),
                                   std::pair("conv1_bn", "mean"), std::pair("conv1_bn", "variance")));
}

TEST(KerasNamesTest, WhichVgg) {
  EXPECT_EQ(Keras({"block3_conv4/kernel:0"})->model, "vgg19");
  EXPECT_EQ(Keras({"block5_conv4/kernel:0"})->model, "vgg19");
  EXPECT_EQ(Keras({"block3_conv3/kernel:0", "block4_conv1/kernel:0"})->model, "vgg16");
  EXPECT_EQ(Keras({"vgg16/block1_conv1/kernel:0"})->model, "vgg16");
  EXPECT_EQ(Keras({"vgg19/block1_conv1/kernel:0"})->model, "vgg19");
  ExpectRefused(Keras({"block1_conv1/kernel:0", "block3_conv3/kernel:0"}).status(), "can't be told");
  const NamesOnly shared("keras-h5", {"block1_conv1/kernel:0"});
  EXPECT_EQ(IdentifyModel(shared, "vgg16")->model, "vgg16");
  EXPECT_EQ(IdentifyModel(shared, "vgg19")->model, "vgg19");
  ExpectRefused(IdentifyModel(shared, "resnet50").status(), "can't be told");
}

TEST(KerasNamesTest, OtherNetworksAreRefused) {
  ExpectRefused(Keras({"dense/kernel:0", "a", "b", "c"}).status(),
                "of no known model: it holds 4 tensors ('dense/kernel:0', 'a', 'b', ...)");
  ExpectRefused(Keras({}).status(), "it holds no tensors");
  ExpectRefused(Keras({"conv1_conv/kernel:0", "conv4_block7_1_conv/kernel:0"}).status(),
                "'conv4_block7_1_conv' is not in ResNet50 v1");
  ExpectRefused(Keras({"conv1_conv/kernel:0", "conv2_block1_preact_bn/gamma:0"}).status(),
                "ResNet50V2 are other networks");
  ExpectRefused(Keras({"conv1/conv1_W:0", "res4b22_branch2a/res4b22_branch2a_W:0"}).status(),
                "'res4b22_branch2a' is not in ResNet50 v1");
  ExpectRefused(Keras({"block1_conv1/kernel:0", "block1_conv1_bn/gamma:0"}).status(),
                "'block1_conv1_bn' is in neither VGG16 nor VGG19");
  ExpectRefused(Keras({"block1_conv1/depthwise_kernel:0"}).status(),
                "unknown parameter 'depthwise_kernel:0'");
  ExpectRefused(Keras({"block1_conv1/kernel:0", "conv1_conv/kernel:0"}).status(), "layers of a VGG");
}

std::vector<std::string> Features(const std::vector<int>& positions) {
  std::vector<std::string> names;
  for (const int position : positions) {
    names.push_back("features." + std::to_string(position) + ".weight");
    names.push_back("features." + std::to_string(position) + ".bias");
  }
  return names;
}

TEST(TorchvisionNamesTest, NumbersAreLayers) {
  const std::vector<int> vgg19 = {0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34};
  const std::vector<int> vgg16 = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};
  const auto layers = [](const absl::StatusOr<NamedModel>& named) {
    std::vector<std::string> names;
    for (size_t i = 0; i < named->slots.size(); i += 2) names.push_back(named->slots[i].layer);
    return names;
  };
  EXPECT_EQ(Torch(Features(vgg19))->model, "vgg19");
  EXPECT_EQ(layers(Torch(Features(vgg19))),
            (std::vector<std::string>{"block1_conv1", "block1_conv2", "block2_conv1", "block2_conv2",
                                      "block3_conv1", "block3_conv2", "block3_conv3", "block3_conv4",
                                      "block4_conv1", "block4_conv2", "block4_conv3", "block4_conv4",
                                      "block5_conv1", "block5_conv2", "block5_conv3", "block5_conv4"}));
  EXPECT_EQ(Torch(Features(vgg16))->model, "vgg16");
  EXPECT_EQ(layers(Torch(Features(vgg16))),
            (std::vector<std::string>{"block1_conv1", "block1_conv2", "block2_conv1", "block2_conv2",
                                      "block3_conv1", "block3_conv2", "block3_conv3", "block4_conv1",
                                      "block4_conv2", "block4_conv3", "block5_conv1", "block5_conv2",
                                      "block5_conv3"}));
  EXPECT_EQ(Torch(Features({0, 16}))->model, "vgg19");
  EXPECT_EQ(Torch(Features({0, 17}))->model, "vgg16");
}

TEST(TorchvisionNamesTest, OtherNetworksAreRefused) {
  ExpectRefused(Torch(Features({0, 2, 5})).status(), "can't be told");
  ExpectRefused(Torch(Features({0, 3, 6, 8})).status(),
                "neither torchvision's VGG16 nor its VGG19");  // VGG11, AlexNet
  ExpectRefused(Torch({"features.0.weight", "features.0.bias", "features.1.running_mean"}).status(),
                "batch normalisation");
  ExpectRefused(Torch({"features.0.weight", "features.3.squeeze.weight"}).status(),
                "'features.3.squeeze.weight' is in neither");
  ExpectRefused(Torch({"conv1.weight", "layer1.0.conv1.weight", "layer1.0.conv3.weight"}).status(),
                "torchvision's ResNet50 has its stride in the 3x3 convolution (v1.5)");
  ExpectRefused(Torch({"conv1.weight", "fire2/squeeze1x1.weight"}).status(), "of no known model");
  ExpectRefused(Torch({"classifier.0.weight"}).status(), "of no known model");
}

}  // namespace
}  // namespace impasto::engine
