// Total variation of a picture: how rough it is.
#pragma once

#include "absl/types/span.h"

namespace impasto::engine {

// Sum over channels of the squared differences between each pixel and its right and lower neighbour, over the
// number of pixels. `rgb` is planar, 3 x height x width. Adds scale times its gradient to `gradient` unless
// that is empty. The anisotropic, squared form of Mahendran and Vedaldi (arXiv:1412.0035), beta 2.
double TotalVariation(absl::Span<const float> rgb, int height, int width, double scale,
                      absl::Span<float> gradient);

}  // namespace impasto::engine
