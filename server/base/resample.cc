#include "base/resample.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace impasto {
namespace {

constexpr double kLobes = 3.0;
constexpr double kPi = 3.14159265358979323846;

double Sinc(double x) { return x == 0 ? 1.0 : std::sin(kPi * x) / (kPi * x); }

double Lanczos(double x) { return std::abs(x) < kLobes ? Sinc(x) * Sinc(x / kLobes) : 0.0; }

double Radius(Filter filter) { return filter == Filter::kLanczos ? kLobes : 1.0; }

double Weight(Filter filter, double x) {
  return filter == Filter::kLanczos ? Lanczos(x) : std::max(0.0, 1 - std::abs(x));
}

// The weights of one axis: output i is the sum over k < count[i] of in[first[i] + k] * weights[i * taps + k].
struct Axis {
  Axis(int in, int out, Filter filter) : first(out), count(out) {
    const double scale = static_cast<double>(in) / out;
    const double stretch = in == out ? 1.0 / Radius(filter) : std::max(scale, 1.0);  // same size: one tap
    const double support = Radius(filter) * stretch;
    taps = static_cast<int>(std::ceil(support)) * 2 + 1;
    weights.assign(static_cast<size_t>(taps) * out, 0.0f);
    std::vector<double> exact(taps);
    for (int i = 0; i < out; ++i) {
      if (in == out) {
        first[i] = i;
        count[i] = 1;
        weights[static_cast<size_t>(i) * taps] = 1.0f;
        continue;
      }
      const double center = (i + 0.5) * scale;
      first[i] = std::max(0, static_cast<int>(std::lround(center - support)));
      count[i] = std::min(in, static_cast<int>(std::lround(center + support))) - first[i];
      double sum = 0;
      for (int k = 0; k < count[i]; ++k) {
        exact[k] = Weight(filter, (first[i] + k + 0.5 - center) / stretch);
        sum += exact[k];
      }
      for (int k = 0; k < count[i]; ++k) {
        weights[static_cast<size_t>(i) * taps + k] = static_cast<float>(exact[k] / sum);
      }
    }
  }

  std::vector<int> first;
  std::vector<int> count;
  int taps = 0;
  std::vector<float> weights;
};

// Four partial sums let the compiler use vectors without leave to reorder a sum.
float Dot(const float* a, const float* b, int n) {
  float s[4] = {0, 0, 0, 0};
  int i = 0;
  for (; i + 4 <= n; i += 4) {
    for (int j = 0; j < 4; ++j) {
      s[j] += a[i + j] * b[i + j];
    }
  }
  for (; i < n; ++i) {
    s[0] += a[i] * b[i];
  }
  return (s[0] + s[1]) + (s[2] + s[3]);
}

}  // namespace

void Resample(int in_width, int in_height, int channels, int out_width, int out_height, Filter filter,
              const std::function<void(int y, float* row)>& read,
              const std::function<void(int y, const float* row)>& write) {
  const Axis across(in_width, out_width, filter);
  const Axis down(in_height, out_height, filter);
  const size_t out_row = static_cast<size_t>(channels) * out_width;
  std::vector<float> source(static_cast<size_t>(channels) * in_width);
  std::vector<float> result(out_row);
  // The input rows that the vertical filter still needs, already at the output's width; row y lies at y %
  // kept.
  const int kept = *std::max_element(down.count.begin(), down.count.end());
  std::vector<float> ring(out_row * kept);
  int next = 0;  // the first input row not yet read
  for (int y = 0; y < out_height; ++y) {
    const int first = down.first[y];
    const int count = down.count[y];
    for (next = std::max(next, first); next < first + count; ++next) {
      read(next, source.data());
      float* row = ring.data() + out_row * (next % kept);
      if (in_width == out_width) {
        std::copy(source.begin(), source.end(), row);
        continue;
      }
      for (int c = 0; c < channels; ++c) {
        const float* plane = source.data() + static_cast<size_t>(c) * in_width;
        for (int x = 0; x < out_width; ++x) {
          row[static_cast<size_t>(c) * out_width + x] =
              Dot(plane + across.first[x], across.weights.data() + static_cast<size_t>(x) * across.taps,
                  across.count[x]);
        }
      }
    }
    if (in_height == out_height) {
      write(y, ring.data() + out_row * (first % kept));
      continue;
    }
    std::fill(result.begin(), result.end(), 0.0f);
    for (int k = 0; k < count; ++k) {
      const float* row = ring.data() + out_row * ((first + k) % kept);
      const float weight = down.weights[static_cast<size_t>(y) * down.taps + k];
      for (size_t i = 0; i < out_row; ++i) {
        result[i] += weight * row[i];
      }
    }
    write(y, result.data());
  }
}

std::vector<float> Resampled(const std::vector<float>& planes, int in_width, int in_height, int out_width,
                             int out_height, Filter filter) {
  const auto row_of = [](auto* data, int channel, int width, int height, int y) {
    return data + (static_cast<size_t>(channel) * height + y) * width;
  };
  std::vector<float> result(static_cast<size_t>(3) * out_width * out_height);
  Resample(
      in_width, in_height, 3, out_width, out_height, filter,
      [&](int y, float* row) {
        for (int c = 0; c < 3; ++c, row += in_width) {
          std::copy_n(row_of(planes.data(), c, in_width, in_height, y), in_width, row);
        }
      },
      [&](int y, const float* row) {
        for (int c = 0; c < 3; ++c, row += out_width) {
          std::copy_n(row, out_width, row_of(result.data(), c, out_width, out_height, y));
        }
      });
  return result;
}

Image Resampled(const Image& image, int width, int height) {
  if (image.width == width && image.height == height) return image;
  Image result{width, height,
               Resampled(image.rgb, image.width, image.height, width, height, Filter::kLanczos)};
  // Lanczos overshoots at hard edges; 0..255 is what a picture can hold.
  for (float& value : result.rgb) value = std::clamp(value, 0.0f, 255.0f);
  return result;
}

}  // namespace impasto
