#include "engine/executors/cpu/gram.h"

#include <algorithm>

namespace impasto::engine::cpu {
namespace {

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
  // The parts are added up into the first, and the upper blocks mirrored into the lower ones.
  pool.Run(blocks, [&](int a, int) {
    for (int i = a * kBlock; i < (a + 1) * kBlock; ++i) {
      float* row = scratch + side * i;
      for (int part = 1; part < cut.parts; ++part) {
        const float* other = row + side * side * part;
        for (size_t j = static_cast<size_t>(a) * kBlock; j < side; ++j) row[j] += other[j];
      }
    }
  });
  const int channels = map.shape.channels;
  gram->resize(static_cast<size_t>(channels) * channels);
  const auto scale = static_cast<float>(1.0 / static_cast<double>(total));
  pool.Run(blocks, [&](int a, int) {
    float tile[kBlock * kBlock], mirrored[kBlock * kBlock];
    for (int b = 0; b < blocks; ++b) {
      // Block (a, b), or (b, a) turned over.
      const size_t upper = static_cast<size_t>(std::min(a, b)), right = static_cast<size_t>(std::max(a, b));
      const float* from = scratch + (side * upper + right) * kBlock;
      for (int i = 0; i < kBlock; ++i)
        std::copy(from + side * i, from + side * i + kBlock, tile + i * kBlock);
      if (b < a) Transpose16(tile, mirrored);
      const float* block = b < a ? mirrored : tile;
      const int rows = std::min(kBlock, channels - a * kBlock),
                columns = std::min(kBlock, channels - b * kBlock);
      for (int i = 0; i < rows; ++i) {
        float* to = gram->data() + static_cast<size_t>(a * kBlock + i) * channels + b * kBlock;
        for (int j = 0; j < columns; ++j) to[j] = block[i * kBlock + j] * scale;
      }
    }
  });
}

void TapGradient::Clear() {
  has_matrix = false;
  scale = 0;
  minus.clear();
  plus.clear();
}

void AddMatrix(absl::Span<const float> matrix, int channels, TapGradient* gradient, ThreadPool& pool) {
  const int blocks = BlocksOf(channels);
  const size_t side = static_cast<size_t>(blocks) * kBlock;
  const bool add = gradient->has_matrix;
  gradient->has_matrix = true;
  gradient->matrix.resize(side * side);  // what fills up the blocks stays zero
  pool.Run(blocks, [&](int block, int) {
    const int columns = std::min(kBlock, channels - block * kBlock);
    float* to = gradient->matrix.data() + side * kBlock * block;
    for (int c = 0; c < channels; ++c, to += kBlock) {
      const float* from = matrix.data() + static_cast<size_t>(c) * channels + block * kBlock;
      for (int k = 0; k < columns; ++k) to[k] = add ? to[k] + from[k] : from[k];
    }
  });
}

size_t TapGradientScratch(const TensorShape& shape, int strip, int threads) {
  return Side(shape) * static_cast<size_t>(strip) * static_cast<size_t>(threads);
}

void ReplaceByGradient(const MapView& map, TapGradient* gradient, ThreadPool& pool, float* scratch) {
  auto read = [&](int first, int rows, int, float* to) {
    for (int b = 0; b < map.blocks(); ++b) {
      const float* from = map.data + map.stride() * b + static_cast<size_t>(first) * kBlock;
      to = std::copy(from, from + static_cast<size_t>(rows) * kBlock, to);
    }
  };
  ReplaceByGradient(map, kStrip, read, gradient, pool, scratch);
}

void ReplaceByGradient(const MapView& map, int strip, ReadMap read, TapGradient* gradient, ThreadPool& pool,
                       float* scratch) {
  const size_t side = Side(map.shape);
  if (gradient->has_matrix) {
    for (size_t c = 0; c < side && gradient->scale != 0; ++c)
      gradient->matrix[(c / kBlock * side + c) * kBlock + c % kBlock] += static_cast<float>(gradient->scale);
    const int total = static_cast<int>(map.shape.positions());
    pool.Run((total + strip - 1) / strip, [&](int task, int thread) {
      const int first = task * strip, rows = std::min(strip, total - first);
      float* copy = scratch + side * strip * thread;
      read(first, rows, thread, copy);
      Gemm({.rows = rows,
            .in = copy,
            .in_stride = static_cast<size_t>(rows) * kBlock,
            .in_blocks = map.blocks(),
            .weights = gradient->matrix.data(),
            .weights_stride = side * kBlock,
            .out = map.data + static_cast<size_t>(first) * kBlock,
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
  gradient->Clear();
}

}  // namespace impasto::engine::cpu
