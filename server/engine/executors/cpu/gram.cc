#include "engine/executors/cpu/gram.h"

#include <algorithm>

namespace impasto::engine::cpu {
namespace {

// Positions whose product with a matrix is made at a time.
constexpr int kStrip = 96;

struct GramParts {
  int parts;     // of the positions, each with a matrix of its own
  size_t rows;   // positions of a part
  int groups;    // of the block rows of a part's matrix, for enough tasks
  size_t chunk;  // positions that stay in the second-level cache while all blocks meet
};

GramParts CutGram(const TensorShape& shape) {
  const size_t blocks = BlocksOf(shape.channels), side = blocks * kBlock, rows = shape.positions();
  // All parts' matrices together take at most 4 MiB (or one matrix).
  const size_t most = std::clamp((size_t{1} << 20) / (side * side), size_t{1}, size_t{16});
  GramParts cut;
  cut.parts = static_cast<int>(std::min(most, (rows + 63) / 64));
  cut.rows = (rows + cut.parts - 1) / cut.parts;
  cut.parts = static_cast<int>((rows + cut.rows - 1) / cut.rows);
  cut.groups = static_cast<int>(std::min<size_t>(blocks, (15 + cut.parts) / cut.parts));
  cut.chunk = std::max<size_t>(64, 65536 / side);
  return cut;
}

size_t Side(const TensorShape& shape) { return static_cast<size_t>(BlocksOf(shape.channels)) * kBlock; }

}  // namespace

size_t GramScratch(const TensorShape& shape) { return CutGram(shape).parts * Side(shape) * Side(shape); }

void Gram(const MapView& map, std::vector<float>* gram, ThreadPool& pool, float* scratch) {
  const GramParts cut = CutGram(map.shape);
  const size_t side = Side(map.shape), total = map.shape.positions();
  const int blocks = map.blocks();
  pool.Run(cut.parts * cut.groups, [&](int task, int) {
    const int part = task / cut.groups, group = task % cut.groups;
    float* sums = scratch + side * side * part;
    for (int a = group; a < blocks; a += cut.groups)
      std::fill(sums + side * kBlock * a, sums + side * kBlock * (a + 1), 0.0f);
    const size_t end = std::min(total, cut.rows * (part + 1));
    for (size_t first = cut.rows * part; first < end; first += cut.chunk) {
      const int rows = static_cast<int>(std::min(cut.chunk, end - first));
      for (int a = group; a < blocks; a += cut.groups) {
        const float* block = map.data + map.stride() * a + first * kBlock;
        GramStrip(rows, block, block, map.stride(), blocks - a, sums + (side + 1) * kBlock * a, side);
      }
    }
  });
  const int channels = map.shape.channels;
  gram->resize(static_cast<size_t>(channels) * channels);
  const auto scale = static_cast<float>(1.0 / static_cast<double>(total));
  pool.Run(blocks, [&](int block, int) {
    for (int i = block * kBlock; i < std::min((block + 1) * kBlock, channels); ++i) {
      for (int j = block * kBlock; j < channels; ++j) {
        float sum = 0;
        for (int part = 0; part < cut.parts; ++part) sum += scratch[side * side * part + side * i + j];
        (*gram)[static_cast<size_t>(i) * channels + j] = sum * scale;
      }
    }
  });
  for (int i = 0; i < channels; ++i) {
    for (int j = 0; j < i; ++j)
      (*gram)[static_cast<size_t>(i) * channels + j] = (*gram)[static_cast<size_t>(j) * channels + i];
  }
}

void AddMatrix(absl::Span<const float> matrix, int channels, TapGradient* gradient) {
  const size_t side = static_cast<size_t>(BlocksOf(channels)) * kBlock;
  gradient->matrix.resize(side * side);
  for (int c = 0; c < channels; ++c) {
    for (int k = 0; k < channels; ++k) {
      gradient->matrix[(static_cast<size_t>(k / kBlock) * side + c) * kBlock + k % kBlock] +=
          matrix[static_cast<size_t>(c) * channels + k];
    }
  }
}

size_t TapGradientScratch(const TensorShape& shape, int threads) {
  return Side(shape) * kStrip * static_cast<size_t>(threads);
}

void ReplaceByGradient(const MapView& map, TapGradient* gradient, ThreadPool& pool, float* scratch) {
  const size_t side = Side(map.shape);
  if (!gradient->matrix.empty()) {
    for (size_t c = 0; c < side && gradient->scale != 0; ++c)
      gradient->matrix[(c / kBlock * side + c) * kBlock + c % kBlock] += static_cast<float>(gradient->scale);
    const int total = static_cast<int>(map.shape.positions());
    pool.Run((total + kStrip - 1) / kStrip, [&](int strip, int thread) {
      const int first = strip * kStrip, rows = std::min(kStrip, total - first);
      float* copy = scratch + side * kStrip * thread;
      float* at = map.data + static_cast<size_t>(first) * kBlock;
      for (int b = 0; b < map.blocks(); ++b) {
        std::copy(at + map.stride() * b, at + map.stride() * b + static_cast<size_t>(rows) * kBlock,
                  copy + static_cast<size_t>(rows) * kBlock * b);
      }
      Gemm({.rows = rows,
            .in = copy,
            .in_stride = static_cast<size_t>(rows) * kBlock,
            .in_blocks = map.blocks(),
            .weights = gradient->matrix.data(),
            .weights_stride = side * kBlock,
            .out = at,
            .out_stride = map.stride(),
            .out_blocks = map.blocks()});
    });
  } else {
    // With nothing of F left in it: zeros, even where F isn't finite.
    Copy(gradient->scale == 0 ? nullptr : map.data, static_cast<float>(gradient->scale), map, {}, pool);
  }
  for (const TapGradient::Minus& minus : gradient->minus) {
    Copy(minus.map, static_cast<float>(-minus.scale), map, {.add = map.data}, pool);
  }
  for (const Buffer& plus : gradient->plus) Copy(plus.data(), 1, map, {.add = map.data}, pool);
  *gradient = {};
}

}  // namespace impasto::engine::cpu
