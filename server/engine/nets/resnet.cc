#include <array>

#include "absl/strings/str_cat.h"
#include "engine/nets/builder.h"

namespace impasto::engine {
namespace {

// One bottleneck. `projected`: the shortcut is a strided 1x1 convolution, as in the first block of a stage.
int Bottleneck(GraphBuilder& b, const std::string& p, int x, int width, int stride, bool projected) {
  int shortcut = x;
  if (projected) {
    shortcut = b.BatchNorm(p + "_0_bn", b.Conv(p + "_0_conv", x, 4 * width, 1, stride, 0, /*relu=*/false));
  }
  // v1: the stride is in the first 1x1. torchvision has it in the 3x3, so that its weights don't fit here.
  int y = b.BatchNorm(p + "_1_bn", b.Conv(p + "_1_conv", x, width, 1, stride, 0, false));
  y = b.Relu(p + "_1_relu", y);
  y = b.BatchNorm(p + "_2_bn", b.Conv(p + "_2_conv", y, width, 3, 1, 1, false));
  y = b.Relu(p + "_2_relu", y);
  y = b.BatchNorm(p + "_3_bn", b.Conv(p + "_3_conv", y, 4 * width, 1, 1, 0, false));
  return b.Relu(p + "_out", b.AddMaps(p + "_add", shortcut, y));
}

}  // namespace

Graph ResNet50() {
  GraphBuilder b;
  int x = b.ZeroPad("conv1_pad", b.Input("input"), 3);
  x = b.Relu("conv1_relu", b.BatchNorm("conv1_bn", b.Conv("conv1_conv", x, 64, 7, 2, 0, false)));
  x = b.MaxPool("pool1_pool", b.ZeroPad("pool1_pad", x, 1), 3, 2);
  constexpr std::array<int, 4> kBlocks = {3, 4, 6, 3};
  for (int stage = 0; stage < 4; ++stage) {
    for (int block = 1; block <= kBlocks[stage]; ++block) {
      const bool first = block == 1;
      x = Bottleneck(b, absl::StrCat("conv", stage + 2, "_block", block), x, 64 << stage,
                     first && stage > 0 ? 2 : 1, first);
    }
  }
  return std::move(b).Build("resnet50");
}

}  // namespace impasto::engine
