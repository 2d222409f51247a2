// Files that Python's torch.save writes itself, in every form that it has.
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "engine/weights/reader.h"
#include "tests/testing/weights_files.h"

namespace impasto::engine {
namespace {

using ::testing::HasSubstr;

// A VGG16 of few channels; every number of a kernel is its index in the tensor over 1024, which all float
// formats hold.
constexpr char kScript[] = R"(
import sys, torch
from collections import OrderedDict
folder = sys.argv[1]
positions = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
state, channels = OrderedDict(), 3
for p in positions:
    state[f"features.{p}.weight"] = (torch.arange(2 * channels * 9) % 128 / 1024).reshape(2, channels, 3, 3)
    state[f"features.{p}.bias"] = torch.tensor([1.0, -1.0])
    channels = 2
state["classifier.0.weight"] = torch.ones(3, 3)
def save(name, values, **arguments):
    torch.save(values, f"{folder}/{name}.pth", **arguments)
def cast(f):
    return OrderedDict((k, f(v)) for k, v in state.items())
save("zip", state)
save("legacy", state, _use_new_zipfile_serialization=False)
save("half", cast(lambda v: v.half()))
save("half_legacy", cast(lambda v: v.half()), _use_new_zipfile_serialization=False)
save("bfloat16", cast(lambda v: v.bfloat16()))
save("double", cast(lambda v: v.double()), pickle_protocol=4)
save("plain_dict", dict(state))
save("parameters", cast(lambda v: torch.nn.Parameter(v)))
save("parameters_legacy", cast(lambda v: torch.nn.Parameter(v)), _use_new_zipfile_serialization=False)
save("channels_last", cast(lambda v: v.to(memory_format=torch.channels_last) if v.dim() == 4 else v))
shared = torch.cat([v.flatten() for v in state.values()])
views, offset = OrderedDict(), 0
for k, v in state.items():
    views[k] = shared[offset:offset + v.numel()].view(v.shape)
    offset += v.numel()
save("one_storage", views)
save("one_storage_legacy", views, _use_new_zipfile_serialization=False)
module = torch.nn.Module()
module.features = torch.nn.Sequential(*[torch.nn.Conv2d(3 if i == 0 else 2, 2, 3) if i in positions else torch.nn.ReLU() for i in range(31)])
module.load_state_dict({k: v for k, v in state.items() if k.startswith("features")})
save("module_state", module.state_dict())
save("module_state_legacy", module.state_dict(), _use_new_zipfile_serialization=False)
save("refused_module", module)
save("refused_module_legacy", module, _use_new_zipfile_serialization=False)
)";

TEST(TorchFilePythonTest, ReadsAllThatTorchWrites) {
  if (std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") != 0) {
    if (std::getenv("IMPASTO_REQUIRE_PARITY") != nullptr) FAIL() << "/usr/bin/python3 has no torch";
    GTEST_SKIP() << "/usr/bin/python3 has no torch";
  }
  const std::string folder = absl::StrCat(::testing::TempDir(), "/torch_file_python_test");
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string script = folder + "/write.py";
  impasto::testing::WriteBytes(script, kScript);
  ASSERT_EQ(std::system(absl::StrCat("/usr/bin/python3 '", script, "' '", folder, "'").c_str()), 0);
  int read = 0;
  int refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".pth") continue;
    const std::string name = entry.path().stem().string();
    const absl::StatusOr<Weights> weights = ReadWeightsFile(entry.path().string());
    if (name.rfind("refused", 0) == 0) {
      EXPECT_EQ(weights.status().code(), absl::StatusCode::kInvalidArgument) << name;
      EXPECT_THAT(std::string(weights.status().message()), HasSubstr("the pickle calls '"));
      ++refused;
      continue;
    }
    ASSERT_TRUE(weights.ok()) << weights.status();
    ++read;
    EXPECT_EQ(weights->model, "vgg16");
    ASSERT_EQ(weights->layers.size(), 13u) << name;
    for (const auto& [layer_name, layer] : weights->layers) {
      const int in = layer_name == "block1_conv1" ? 3 : 2;
      ASSERT_EQ(layer.kernel_shape, (std::array<int, 4>{2, in, 3, 3})) << name << " " << layer_name;
      for (size_t i = 0; i < layer.kernel.size(); ++i) {
        ASSERT_EQ(layer.kernel[i], static_cast<float>(i % 128) / 1024)
            << name << " " << layer_name << " " << i;
      }
      ASSERT_EQ(layer.bias, (std::vector<float>{1, -1})) << name << " " << layer_name;
    }
  }
  EXPECT_EQ(read, 14);
  EXPECT_EQ(refused, 2);
}

}  // namespace
}  // namespace impasto::engine
