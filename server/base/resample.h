// Resampling, a row at a time, so that a large picture never lies in memory as float.
#pragma once

#include <functional>
#include <vector>

#include "base/image.h"

namespace impasto {

enum class Filter {
  kLanczos,  // three lobes: sharp; results may overshoot the input's range
  kLinear,   // a triangle: soft; every weight is positive, so results stay within the input's range
};

// Resamples `channels` planes from in_width x in_height to out_width x out_height with a filter that is
// widened by the scale when it shrinks; at the borders the weights inside the picture are normalised to 1. An
// axis that keeps its size is not touched. Works on the values as they are: gamma-coded sRGB stays
// gamma-coded, which is what image editors do and what keeps a picture's local contrast as its viewers know
// it.
//
// `read(y, row)` fills one planar row (channels times in_width floats); it is called once for every y it
// needs, in rising order. `write(y, row)` gets the rows of the result in order. The result doesn't depend on
// threads or processor.
void Resample(int in_width, int in_height, int channels, int out_width, int out_height, Filter filter,
              const std::function<void(int y, float* row)>& read,
              const std::function<void(int y, const float* row)>& write);

// The same for three planes in memory, as an Image has them.
std::vector<float> Resampled(const std::vector<float>& planes, int in_width, int in_height, int out_width,
                             int out_height, Filter filter);

// A picture at another size, by Lanczos, kept within 0..255. At its own size: itself.
Image Resampled(const Image& image, int width, int height);

}  // namespace impasto
