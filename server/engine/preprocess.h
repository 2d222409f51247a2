// A picture on its way into a network, and a gradient on its way back.
#pragma once

#include <cstddef>
#include <vector>

#include "base/image.h"
#include "engine/weights/weights.h"

namespace impasto::engine {

// RGB 0..255 to what the network wants: 3 x height x width.
void Preprocess(const Preprocessing& preprocessing, const Image& image, std::vector<float>* input);

// The gradient of that input to the gradient of the picture; `plane`: its pixels.
void PreprocessGradient(const Preprocessing& preprocessing, size_t plane,
                        const std::vector<float>& input_gradient, std::vector<float>* gradient);

}  // namespace impasto::engine
