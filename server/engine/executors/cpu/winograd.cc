#include "engine/executors/cpu/winograd.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/executors/cpu/maps.h"

namespace impasto::engine::cpu {
namespace {

// G of kernels.h's points, in their order.
const std::array<std::array<double, 3>, 8>& KernelTransform(int m) {
  // u / |p|, u sign p, u |p|; u is what makes the data and output transforms' coefficients exact in float32.
  auto rows = [](double a, double u_one, double u) {
    std::array<std::array<double, 3>, 8> g{};
    size_t i = 0;
    g[i++] = {1, 0, 0};
    if (u_one != 0) {
      g[i++] = {u_one, u_one, u_one};
      g[i++] = {u_one, -u_one, u_one};
    }
    for (const double p : {a, 1 / a}) {
      g[i++] = {u / p, u, u * p};
      g[i++] = {u / p, -u, u * p};
    }
    g[i] = {0, 0, 1};
    return g;
  };
  static const auto kSix = rows(2, -2.0 / 9, 32.0 / 45);
  static const auto kFour = rows(std::sqrt(2.0), 0, std::sqrt(2.0) / 3);
  return m == 6 ? kSix : kFour;
}

int Tiles(int size, int m) { return (size + m - 1) / m; }

// Points are this far apart beyond their numbers, so that the 36 or 64 of a tile don't fall into the same set
// of a cache.
constexpr size_t kPointPadding = 16;
// Output blocks whose products are held at a time: they stay in the second-level cache until their transform.
constexpr int kChunkBlocks = 4;

// How a pass is cut. `tiles`: of a part.
//   shared false: each thread takes a part through all three phases alone; all parts read all of U.
//   shared true: the threads share each phase of a part, and U, which is large, is read once a part.
struct Cut {
  bool shared = false;
  int tiles = 0;
  size_t v_points = 0, m_points = 0;  // floats from point to point
};

Cut CutPass(const WinogradWeights& weights, bool backward, int height, int width, int threads) {
  const int total = Tiles(height, weights.m) * Tiles(width, weights.m);
  const int in_blocks = backward ? weights.out_blocks : weights.in_blocks;
  const int out_blocks = backward ? weights.in_blocks : weights.out_blocks;
  Cut cut;
  const int alone = in_blocks <= 4 ? 24 : in_blocks <= 8 ? 36 : 48;
  // Few parts don't share out evenly.
  cut.shared = weights.matrix() > size_t{256} * 256 || (threads > 1 && total < 4 * threads * alone);
  const int most = cut.shared ? 240 : alone;
  const int parts = (total + most - 1) / most;
  cut.tiles = (total + parts - 1) / parts;
  const size_t rows = static_cast<size_t>(cut.tiles) * kBlock;
  cut.v_points = rows * in_blocks + kPointPadding;
  cut.m_points = rows * (cut.shared ? out_blocks : std::min(out_blocks, kChunkBlocks)) + kPointPadding;
  return cut;
}

}  // namespace

int RotatedPoint(int m, int point) {
  static constexpr std::array<int, 8> kSix = {7, 1, 2, 5, 6, 3, 4, 0};
  static constexpr std::array<int, 6> kFour = {5, 3, 4, 1, 2, 0};
  const int n = m + 2;
  auto one = [m](int p) { return m == 6 ? kSix[p] : kFour[p]; };
  return one(point / n) * n + one(point % n);
}

WinogradWeights TransformKernels(const std::vector<float>& kernel, int out_channels, int in_channels,
                                 const std::vector<float>& scale, int m, ThreadPool& pool) {
  WinogradWeights weights{.m = m, .in_blocks = BlocksOf(in_channels), .out_blocks = BlocksOf(out_channels)};
  const int n = m + 2;
  weights.u = Buffer(weights.matrix() * n * n);
  if (weights.u.data() == nullptr) return weights;
  const auto& g = KernelTransform(m);
  pool.Run(weights.out_blocks, [&](int block, int) {
    // 16 output channels at a time, innermost, for the compiler's vectors.
    using Lanes = std::array<double, kBlock>;
    for (int c = 0; c < in_channels; ++c) {
      Lanes tap[3][3], half[8][3];
      for (int i = 0; i < 9; ++i) {
        for (int lane = 0; lane < kBlock; ++lane) {
          const int k = block * kBlock + lane;
          tap[i / 3][i % 3][lane] =
              k < out_channels
                  ? static_cast<double>(kernel[(static_cast<size_t>(k) * in_channels + c) * 9 + i]) *
                        (scale.empty() ? 1.0 : scale[k])
                  : 0.0;
        }
      }
      for (int i = 0; i < n; ++i) {
        for (int j = 0; j < 3; ++j) {
          for (int lane = 0; lane < kBlock; ++lane)
            half[i][j][lane] =
                g[i][0] * tap[0][j][lane] + g[i][1] * tap[1][j][lane] + g[i][2] * tap[2][j][lane];
        }
      }
      for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
          float* to = weights.u.data() + weights.matrix() * (i * n + j) +
                      (static_cast<size_t>(block) * weights.in_blocks * kBlock + c) * kBlock;
          for (int lane = 0; lane < kBlock; ++lane) {
            to[lane] = static_cast<float>(g[j][0] * half[i][0][lane] + g[j][1] * half[i][1][lane] +
                                          g[j][2] * half[i][2][lane]);
          }
        }
      }
    }
  });
  return weights;
}

namespace {

// The matrices of a pass: those of U as they are, or those of the rotated kernel, packed.
class Matrices {
 public:
  explicit Matrices(const WinogradPass& pass) : weights_(*pass.weights), backward_(pass.backward) {
    in_blocks = backward_ ? weights_.out_blocks : weights_.in_blocks;
    out_blocks = backward_ ? weights_.in_blocks : weights_.out_blocks;
  }
  size_t panel() const { return static_cast<size_t>(in_blocks) * kBlock * kBlock; }

  // Output blocks `first` up to `last` of a point: as they are in U forward, packed into `to` backward.
  const float* Panels(int point, int first, int last, float* to) const {
    if (!backward_) return weights_.u.data() + weights_.matrix() * point + panel() * first;
    const float* from = weights_.u.data() + weights_.matrix() * RotatedPoint(weights_.m, point);
    for (int out = first; out < last; ++out) {
      for (int in = 0; in < in_blocks; ++in) {
        Transpose16(from + (static_cast<size_t>(in) * out_blocks + out) * kBlock * kBlock,
                    to + (out - first) * panel() + static_cast<size_t>(in) * kBlock * kBlock);
      }
    }
    return to;
  }

  int in_blocks, out_blocks;

 private:
  const WinogradWeights& weights_;
  const bool backward_;
};

TileSource SourceBlock(const WinogradPass& pass, int block) {
  TileSource source = pass.source;
  source.block += pass.source_stride * block;
  if (source.choice != nullptr) source.choice += pass.source_choice_stride * block;
  return source;
}

TileSink SinkBlock(const WinogradPass& pass, int block) {
  TileSink sink = pass.sink;
  sink.block += pass.sink_stride * block;
  sink.epilogue = EpilogueAt(sink.epilogue, block, pass.sink_stride, 0);
  if (sink.choice != nullptr) sink.choice += pass.sink_choice_stride * block;
  return sink;
}

void RunShared(const WinogradPass& pass, const Cut& cut, ThreadPool& pool, float* scratch) {
  const int m = pass.weights->m, points = WinogradPoints(m);
  const int tiles_x = Tiles(pass.width, m), total = Tiles(pass.height, m) * tiles_x;
  const Matrices matrices(pass);
  float* v = scratch;
  float* products = v + cut.v_points * points;
  float* packed = products + cut.m_points * points;
  const size_t rows = static_cast<size_t>(cut.tiles) * kBlock;
  for (int first = 0; first < total; first += cut.tiles) {
    const int last = std::min(total, first + cut.tiles);
    pool.Run(matrices.in_blocks, [&](int block, int) {
      WinogradInput(m, SourceBlock(pass, block), tiles_x, first, last, v + rows * block, cut.v_points);
    });
    pool.Run(points, [&](int point, int thread) {
      for (int k = 0; k < matrices.out_blocks; k += kChunkBlocks) {
        const int end = std::min(matrices.out_blocks, k + kChunkBlocks);
        Gemm({.rows = last - first,
              .in = v + cut.v_points * point,
              .in_stride = rows,
              .in_blocks = matrices.in_blocks,
              .weights = matrices.Panels(point, k, end, packed + thread * kChunkBlocks * matrices.panel()),
              .weights_stride = matrices.panel(),
              .out = products + cut.m_points * point + rows * k,
              .out_stride = rows,
              .out_blocks = end - k});
      }
    });
    pool.Run(matrices.out_blocks, [&](int block, int) {
      WinogradOutput(m, products + rows * block, cut.m_points, tiles_x, first, last, SinkBlock(pass, block));
    });
  }
}

void RunAlone(const WinogradPass& pass, const Cut& cut, ThreadPool& pool, float* scratch) {
  const int m = pass.weights->m, points = WinogradPoints(m);
  const int tiles_x = Tiles(pass.width, m), total = Tiles(pass.height, m) * tiles_x;
  const Matrices matrices(pass);
  const size_t per_thread = (cut.v_points + cut.m_points) * points;
  float* packed = scratch + per_thread * pool.threads();
  if (pass.backward) {
    pool.Run(points, [&](int point, int) {
      matrices.Panels(point, 0, matrices.out_blocks, packed + pass.weights->matrix() * point);
    });
  }
  const size_t rows = static_cast<size_t>(cut.tiles) * kBlock;
  const int parts = (total + cut.tiles - 1) / cut.tiles;
  pool.Run(parts, [&](int part, int thread) {
    float* v = scratch + per_thread * thread;
    float* products = v + cut.v_points * points;
    const int first = part * cut.tiles, last = std::min(total, first + cut.tiles);
    for (int block = 0; block < matrices.in_blocks; ++block) {
      WinogradInput(m, SourceBlock(pass, block), tiles_x, first, last, v + rows * block, cut.v_points);
    }
    for (int k = 0; k < matrices.out_blocks; k += kChunkBlocks) {
      const int end = std::min(matrices.out_blocks, k + kChunkBlocks);
      for (int point = 0; point < points; ++point) {
        const float* panels = pass.backward ? packed + pass.weights->matrix() * point + matrices.panel() * k
                                            : matrices.Panels(point, k, end, nullptr);
        Gemm({.rows = last - first,
              .in = v + cut.v_points * point,
              .in_stride = rows,
              .in_blocks = matrices.in_blocks,
              .weights = panels,
              .weights_stride = matrices.panel(),
              .out = products + cut.m_points * point,
              .out_stride = rows,
              .out_blocks = end - k});
      }
      for (int block = k; block < end; ++block) {
        WinogradOutput(m, products + rows * (block - k), cut.m_points, tiles_x, first, last,
                       SinkBlock(pass, block));
      }
    }
  });
}

}  // namespace

size_t WinogradScratch(const WinogradWeights& weights, bool backward, int height, int width, int threads) {
  const Cut cut = CutPass(weights, backward, height, width, threads);
  const size_t points = WinogradPoints(weights.m), maps = (cut.v_points + cut.m_points) * points;
  const size_t panels =
      static_cast<size_t>(kChunkBlocks) * kBlock * kBlock * std::max(weights.in_blocks, weights.out_blocks);
  const size_t packed = !backward ? 0 : cut.shared ? panels * threads : weights.matrix() * points;
  return maps * (cut.shared ? 1 : threads) + packed;
}

void RunWinograd(const WinogradPass& pass, ThreadPool& pool, float* scratch) {
  const Cut cut = CutPass(*pass.weights, pass.backward, pass.height, pass.width, pool.threads());
  if (cut.shared) {
    RunShared(pass, cut, pool, scratch);
  } else {
    RunAlone(pass, cut, pool, scratch);
  }
}

}  // namespace impasto::engine::cpu
