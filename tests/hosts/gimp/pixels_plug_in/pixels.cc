#include "pixels.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

std::string Header(GeglBuffer* buffer) {
  const Babl* format = gegl_buffer_get_format(buffer);
  return std::to_string(gegl_buffer_get_width(buffer)) + " " +
         std::to_string(gegl_buffer_get_height(buffer)) + " " +
         std::to_string(babl_format_get_bytes_per_pixel(format)) + " " + babl_format_get_encoding(format) +
         "\n";
}

size_t Bytes(GeglBuffer* buffer) {
  return static_cast<size_t>(gegl_buffer_get_width(buffer)) * gegl_buffer_get_height(buffer) *
         babl_format_get_bytes_per_pixel(gegl_buffer_get_format(buffer));
}

}  // namespace

void Fill(GeglBuffer* buffer, int seed) {
  const Babl* format = gegl_buffer_get_format(buffer);
  const int components = babl_format_get_n_components(format);
  const int colors = babl_format_has_alpha(format) ? components - 1 : components;
  const int width = gegl_buffer_get_width(buffer);
  const int height = gegl_buffer_get_height(buffer);
  std::mt19937 noise(static_cast<unsigned>(seed));
  std::vector<double> values;
  values.reserve(static_cast<size_t>(width) * height * components);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < colors; ++c) {
        const double soft = 0.5 + 0.3 * std::sin(0.2 * x + seed + c) * std::cos(0.15 * y - c);
        values.push_back(soft + 0.1 * (noise() / 4294967295.0 - 0.5));
      }
      if (colors < components) {
        const double alphas[] = {1, 0, 0.5, noise() / 4294967295.0};
        values.push_back(alphas[(x / 8 + y / 8) % 4]);
      }
    }
  }
  const std::string encoding = babl_format_get_encoding(format);
  const std::string wide = encoding.substr(0, encoding.rfind(' ')) + " double";
  gegl_buffer_set(buffer, nullptr, 0, babl_format_with_space(wide.c_str(), babl_format_get_space(format)),
                  values.data(), GEGL_AUTO_ROWSTRIDE);
}

bool Dump(GeglBuffer* buffer, const char* path) {
  std::vector<char> bytes(Bytes(buffer));
  gegl_buffer_get(buffer, nullptr, 1.0, nullptr, bytes.data(), GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  const std::string header = Header(buffer);
  const File file(std::fopen(path, "wb"));
  return file != nullptr && std::fwrite(header.data(), 1, header.size(), file.get()) == header.size() &&
         std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() &&
         std::fflush(file.get()) == 0;
}

bool Load(GeglBuffer* buffer, const char* path) {
  const std::string header = Header(buffer);
  std::string bytes(header.size() + Bytes(buffer) + 1, '\0');
  const File file(std::fopen(path, "rb"));
  if (file == nullptr || std::fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size() - 1 ||
      bytes.compare(0, header.size(), header) != 0) {
    return false;
  }
  gegl_buffer_set(buffer, nullptr, 0, nullptr, bytes.data() + header.size(), GEGL_AUTO_ROWSTRIDE);
  return true;
}
