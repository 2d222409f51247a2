#include "engine/weights/weights.h"

namespace impasto::engine {

Preprocessing CaffePreprocessing() {
  return {.bgr = true, .scale = 1, .mean = {103.939f, 116.779f, 123.68f}, .deviation = {1, 1, 1}};
}

Preprocessing TorchvisionPreprocessing() {
  return {.bgr = false,
          .scale = 1.0f / 255,
          .mean = {0.485f, 0.456f, 0.406f},
          .deviation = {0.229f, 0.224f, 0.225f}};
}

const char* FamilyName(WeightsFamily family) {
  switch (family) {
    case WeightsFamily::kKeras:
      return "keras";
    case WeightsFamily::kTorchvision:
      return "torchvision";
    case WeightsFamily::kRandom:
      return "random";
  }
  return "unknown";
}

}  // namespace impasto::engine
