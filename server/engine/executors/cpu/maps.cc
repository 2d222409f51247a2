#include "engine/executors/cpu/maps.h"

#include <algorithm>
#include <vector>

namespace impasto::engine::cpu {
namespace {

// Rows of 16 that one task takes: large enough to be worth a task, small enough to share out.
constexpr size_t kTaskRows = 4096;

// body(block, first row, rows) for pieces of a map.
template <typename Body>
void ForPieces(const MapView& map, ThreadPool& pool, Body body) {
  const size_t rows = map.shape.positions();
  const int pieces = static_cast<int>((rows + kTaskRows - 1) / kTaskRows);
  pool.Run(map.blocks() * pieces, [&](int task, int) {
    const size_t first = static_cast<size_t>(task % pieces) * kTaskRows;
    body(task / pieces, first, std::min(kTaskRows, rows - first));
  });
}

// A gradient that is scattered is added to what is there; where nothing is, to zeros. What the epilogue adds
// is the output itself, and it comes first.
void Prepare(float* block, size_t floats, const Epilogue& epilogue) {
  if (epilogue.add == nullptr) std::fill(block, block + floats, 0.0f);
}
void Finish(float* block, size_t rows, Epilogue epilogue) {
  if (epilogue.keep == nullptr) return;
  epilogue.add = nullptr;
  Elementwise(block, 1.0f, rows, block, epilogue);
}

}  // namespace

Epilogue EpilogueAt(const Epilogue& epilogue, int block, size_t stride, size_t row) {
  Epilogue at = epilogue;
  const size_t bits = epilogue.bits_stride * block + row;
  if (at.bias != nullptr) at.bias += static_cast<size_t>(block) * kBlock;
  if (at.add != nullptr) at.add += stride * block + row * kBlock;
  if (at.positive != nullptr) at.positive += bits;
  if (at.keep != nullptr) at.keep += bits;
  return at;
}

void ToBlocked(const float* planar, const MapView& map, ThreadPool& pool) {
  const size_t plane = map.shape.positions();
  ForPieces(map, pool, [&](int block, size_t first, size_t rows) {
    float* to = map.data + map.stride() * block + first * kBlock;
    for (int lane = 0; lane < kBlock; ++lane) {
      const int c = block * kBlock + lane;
      if (c < map.shape.channels) {
        const float* from = planar + c * plane + first;
        for (size_t i = 0; i < rows; ++i) to[i * kBlock + lane] = from[i];
      } else {
        for (size_t i = 0; i < rows; ++i) to[i * kBlock + lane] = 0;
      }
    }
  });
}

void FromBlocked(const MapView& map, float* planar, bool add, ThreadPool& pool) {
  const size_t plane = map.shape.positions();
  ForPieces(map, pool, [&](int block, size_t first, size_t rows) {
    const float* from = map.data + map.stride() * block + first * kBlock;
    for (int c = block * kBlock; c < std::min((block + 1) * kBlock, map.shape.channels); ++c) {
      float* to = planar + c * plane + first;
      const int lane = c % kBlock;
      for (size_t i = 0; i < rows; ++i) to[i] = (add ? to[i] : 0.0f) + from[i * kBlock + lane];
    }
  });
}

void Copy(const float* in, float scale, const MapView& out, const Epilogue& epilogue, ThreadPool& pool) {
  ForPieces(out, pool, [&](int block, size_t first, size_t rows) {
    const size_t at = out.stride() * block + first * kBlock;
    Elementwise(in == nullptr ? nullptr : in + at, scale, rows, out.data + at,
                EpilogueAt(epilogue, block, out.stride(), first));
  });
}

void ScaleShift(const MapView& in, const float* scale, const float* shift, const MapView& out,
                const Epilogue& epilogue, ThreadPool& pool) {
  ForPieces(out, pool, [&](int block, size_t first, size_t rows) {
    const size_t at = out.stride() * block + first * kBlock;
    Affine(in.data + at, scale + block * kBlock, shift == nullptr ? nullptr : shift + block * kBlock, rows,
           out.data + at, EpilogueAt(epilogue, block, out.stride(), first));
  });
}

void Pad(const MapView& in, int padding, const MapView& out, const Epilogue& epilogue, ThreadPool& pool) {
  const auto width = static_cast<size_t>(out.shape.width), in_width = static_cast<size_t>(in.shape.width);
  pool.Run(out.blocks(), [&](int block, int) {
    for (int y = 0; y < out.shape.height; ++y) {
      const size_t row = y * width;
      const Epilogue at = EpilogueAt(epilogue, block, out.stride(), row);
      float* to = out.data + out.stride() * block + row * kBlock;
      const int from_y = y - padding;
      if (from_y < 0 || from_y >= in.shape.height) {
        Elementwise(nullptr, 1, width, to, at);
        continue;
      }
      const auto side = static_cast<size_t>(padding);
      Elementwise(nullptr, 1, side, to, at);
      Elementwise(in.data + in.stride() * block + from_y * in_width * kBlock, 1, in_width, to + side * kBlock,
                  EpilogueAt(at, 0, 0, side));
      Elementwise(nullptr, 1, side, to + (side + in_width) * kBlock, EpilogueAt(at, 0, 0, side + in_width));
    }
  });
}

void Crop(const MapView& from, int padding, const MapView& to, const Epilogue& epilogue, ThreadPool& pool) {
  const auto width = static_cast<size_t>(to.shape.width), from_width = static_cast<size_t>(from.shape.width);
  pool.Run(to.blocks(), [&](int block, int) {
    for (int y = 0; y < to.shape.height; ++y) {
      const size_t row = y * width;
      Elementwise(from.data + from.stride() * block + ((y + padding) * from_width + padding) * kBlock, 1,
                  width, to.data + to.stride() * block + row * kBlock,
                  EpilogueAt(epilogue, block, to.stride(), row));
    }
  });
}

void MaxPool(const MapView& in, int kernel, int stride, int padding, const MapView& out, uint8_t* choice,
             ThreadPool& pool) {
  const int rows = out.shape.height;
  pool.Run(out.blocks() * rows, [&](int task, int) {
    const int block = task / rows, y = task % rows;
    const float* from = in.data + in.stride() * block;
    const size_t at = out.stride() * block + static_cast<size_t>(y) * out.shape.width * kBlock;
    float* to = out.data + at;
    uint8_t* chosen = choice == nullptr ? nullptr : choice + at;
    // Windows that lie inside the map go by vectors, x_first up to x_last; the others one by one.
    const int from_y = y * stride - padding;
    int x_first = std::min(out.shape.width, (padding + stride - 1) / stride);
    int x_last = std::min(out.shape.width, (in.shape.width - kernel + padding) / stride + 1);
    if (from_y < 0 || from_y + kernel > in.shape.height || x_last <= x_first) x_first = x_last = 0;
    if (x_last > x_first) {
      const int first_column = x_first * stride - padding;
      MaxPoolWindows(from + (static_cast<size_t>(from_y) * in.shape.width + first_column) * kBlock, kernel,
                     static_cast<size_t>(in.shape.width) * kBlock, static_cast<size_t>(stride) * kBlock,
                     x_last - x_first, to + x_first * kBlock,
                     chosen == nullptr ? nullptr : chosen + x_first * kBlock);
    }
    for (int x = 0; x < out.shape.width; ++x) {
      if (x >= x_first && x < x_last) continue;
      float best[kBlock];
      uint8_t where[kBlock] = {};
      for (int k = 0; k < kernel * kernel; ++k) {
        const int row = from_y + k / kernel, column = x * stride + k % kernel - padding;
        const bool inside = row >= 0 && row < in.shape.height && column >= 0 && column < in.shape.width;
        static constexpr float kZeros[kBlock] = {};
        const float* value =
            inside ? from + (static_cast<size_t>(row) * in.shape.width + column) * kBlock : kZeros;
        const auto mark = static_cast<uint8_t>(inside ? k : 255);
        for (int i = 0; i < kBlock; ++i) {
          const bool more = k == 0 || value[i] > best[i];
          best[i] = more ? value[i] : best[i];
          where[i] = more ? mark : where[i];
        }
      }
      std::copy(best, best + kBlock, to + x * kBlock);
      if (chosen != nullptr) std::copy(where, where + kBlock, chosen + x * kBlock);
    }
  });
}

void MaxPoolGradient(const MapView& from, const uint8_t* choice, int kernel, int stride, int padding,
                     const MapView& to, const Epilogue& epilogue, ThreadPool& pool) {
  pool.Run(to.blocks(), [&](int block, int) {
    float* target = to.data + to.stride() * block;
    Prepare(target, to.stride(), epilogue);
    const float* gradient = from.data + from.stride() * block;
    const uint8_t* chosen = choice + from.stride() * block;
    for (int y = 0; y < from.shape.height; ++y) {
      for (int x = 0; x < from.shape.width; ++x, gradient += kBlock, chosen += kBlock) {
        for (int i = 0; i < kBlock; ++i) {
          if (chosen[i] == 255) continue;
          const int to_y = y * stride + chosen[i] / kernel - padding;
          const int to_x = x * stride + chosen[i] % kernel - padding;
          target[(static_cast<size_t>(to_y) * to.shape.width + to_x) * kBlock + i] += gradient[i];
        }
      }
    }
    Finish(target, to.shape.positions(), EpilogueAt(epilogue, block, to.stride(), 0));
  });
}

void AveragePool(const MapView& in, int kernel, int stride, const MapView& out, ThreadPool& pool) {
  const int rows = out.shape.height;
  const float share = 1.0f / static_cast<float>(kernel * kernel);
  pool.Run(out.blocks() * rows, [&](int task, int) {
    const int block = task / rows, y = task % rows;
    const float* from = in.data + in.stride() * block;
    float* to = out.data + out.stride() * block + static_cast<size_t>(y) * out.shape.width * kBlock;
    for (int x = 0; x < out.shape.width; ++x, to += kBlock) {
      float sum[kBlock] = {};
      for (int k = 0; k < kernel * kernel; ++k) {
        const float* value = from + (static_cast<size_t>(y * stride + k / kernel) * in.shape.width +
                                     (x * stride + k % kernel)) *
                                        kBlock;
        for (int i = 0; i < kBlock; ++i) sum[i] += value[i];
      }
      for (int i = 0; i < kBlock; ++i) to[i] = sum[i] * share;
    }
  });
}

void AveragePoolGradient(const MapView& from, int kernel, int stride, const MapView& to,
                         const Epilogue& epilogue, ThreadPool& pool) {
  const float share = 1.0f / static_cast<float>(kernel * kernel);
  pool.Run(to.blocks(), [&](int block, int) {
    float* target = to.data + to.stride() * block;
    Prepare(target, to.stride(), epilogue);
    const float* gradient = from.data + from.stride() * block;
    for (int y = 0; y < from.shape.height; ++y) {
      for (int x = 0; x < from.shape.width; ++x, gradient += kBlock) {
        for (int k = 0; k < kernel * kernel; ++k) {
          float* at = target + (static_cast<size_t>(y * stride + k / kernel) * to.shape.width +
                                (x * stride + k % kernel)) *
                                   kBlock;
          for (int i = 0; i < kBlock; ++i) at[i] += share * gradient[i];
        }
      }
    }
    Finish(target, to.shape.positions(), EpilogueAt(epilogue, block, to.stride(), 0));
  });
}

double Distance(const MapView& a, const float* b, ThreadPool& pool) {
  // Block by block, added up in their order: the same for any number of threads.
  std::vector<double> sums(a.blocks());
  pool.Run(a.blocks(), [&](int block, int) {
    sums[block] = SquaredDistance(a.data + a.stride() * block, b + a.stride() * block, a.stride());
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace impasto::engine::cpu
