#include "engine/preprocess.h"

namespace impasto::engine {

void Preprocess(const Preprocessing& preprocessing, const Image& image, std::vector<float>* input) {
  const Preprocessing& p = preprocessing;
  const size_t plane = image.pixels();
  input->resize(3 * plane);
  for (size_t c = 0; c < 3; ++c) {
    const float* from = image.rgb.data() + (p.bgr ? 2 - c : c) * plane;
    float* to = input->data() + c * plane;
    const float factor = p.scale / p.deviation[c];
    const float offset = p.mean[c] / p.deviation[c];
    for (size_t i = 0; i < plane; ++i) to[i] = from[i] * factor - offset;
  }
}

void PreprocessGradient(const Preprocessing& preprocessing, size_t plane,
                        const std::vector<float>& input_gradient, std::vector<float>* gradient) {
  const Preprocessing& p = preprocessing;
  gradient->resize(3 * plane);
  for (size_t c = 0; c < 3; ++c) {
    const float* from = input_gradient.data() + c * plane;
    float* to = gradient->data() + (p.bgr ? 2 - c : c) * plane;
    const float factor = p.scale / p.deviation[c];
    for (size_t i = 0; i < plane; ++i) to[i] = from[i] * factor;
  }
}

}  // namespace impasto::engine
