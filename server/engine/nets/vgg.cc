#include <array>

#include "absl/strings/str_cat.h"
#include "engine/nets/builder.h"

namespace impasto::engine {
namespace {

Graph Vgg(std::string model, const std::array<int, 5>& convolutions) {
  constexpr std::array<int, 5> kChannels = {64, 128, 256, 512, 512};
  GraphBuilder builder;
  int x = builder.Input("input");
  for (size_t block = 0; block < convolutions.size(); ++block) {
    const std::string prefix = absl::StrCat("block", block + 1);
    for (int i = 1; i <= convolutions[block]; ++i) {
      x = builder.Conv(absl::StrCat(prefix, "_conv", i), x, kChannels[block], 3, 1, 1, /*relu=*/true);
    }
    x = builder.MaxPool(absl::StrCat(prefix, "_pool"), x, 2, 2);
  }
  return std::move(builder).Build(std::move(model));
}

}  // namespace

Graph Vgg19() { return Vgg("vgg19", {2, 2, 4, 4, 4}); }
Graph Vgg16() { return Vgg("vgg16", {2, 2, 3, 3, 3}); }

}  // namespace impasto::engine
