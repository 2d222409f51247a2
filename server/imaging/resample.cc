#include "imaging/resample.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace impasto::imaging {
namespace {

constexpr double kLobes = 3.0;
constexpr double kPi = 3.14159265358979323846;

double Sinc(double x) { return x == 0 ? 1.0 : std::sin(kPi * x) / (kPi * x); }

double Lanczos(double x) { return std::abs(x) < kLobes ? Sinc(x) * Sinc(x / kLobes) : 0.0; }

// The weights of one axis: output i is the sum over k < count[i] of in[first[i] + k] * weights[i * taps + k].
struct Axis {
  Axis(int in, int out) : first(out), count(out) {
    const double scale = static_cast<double>(in) / out;
    const double stretch = in == out ? 1.0 / kLobes : std::max(scale, 1.0);  // same size: one tap
    const double support = kLobes * stretch;
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
      first[i] = std::max(0, static_cast<int>(center - support + 0.5));
      count[i] = std::min(in, static_cast<int>(center + support + 0.5)) - first[i];
      double sum = 0;
      for (int k = 0; k < count[i]; ++k) {
        exact[k] = Lanczos((first[i] + k + 0.5 - center) / stretch);
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

void Resample(int in_width, int in_height, int channels, int out_width, int out_height,
              const std::function<void(int y, float* row)>& read,
              const std::function<void(int y, const float* row)>& write) {
  const Axis across(in_width, out_width);
  const Axis down(in_height, out_height);
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

}  // namespace impasto::imaging
