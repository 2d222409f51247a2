// Lanczos resampling, a row at a time, so that a large picture never lies in memory as float.
#pragma once

#include <functional>

namespace impasto::imaging {

// Resamples `channels` planes from in_width x in_height to out_width x out_height with the Lanczos filter of
// three lobes, widened by the scale when it shrinks; at the borders the weights inside the picture are
// normalised to 1. An axis that keeps its size is not touched. Works on the values as they are: gamma-coded
// sRGB stays gamma-coded, which is what image editors do and what keeps a picture's local contrast as its
// viewers know it. Results may overshoot the input's range.
//
// `read(y, row)` fills one planar row (channels times in_width floats); it is called once for every y it
// needs, in rising order. `write(y, row)` gets the rows of the result in order. The result doesn't depend on
// threads or processor.
void Resample(int in_width, int in_height, int channels, int out_width, int out_height,
              const std::function<void(int y, float* row)>& read,
              const std::function<void(int y, const float* row)>& write);

}  // namespace impasto::imaging
