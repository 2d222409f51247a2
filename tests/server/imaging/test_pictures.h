// Pictures for the imaging tests, made by libvips or by hand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>
#include <vips/vips8>

#include "imaging/picture.h"

namespace impasto::imaging {

// Whole numbers 0..255 that repeat for a seed.
Image NoiseImage(int width, int height, uint32_t seed = 1);
std::vector<uint8_t> Noise8(size_t count, uint32_t seed = 1);
std::vector<uint16_t> Noise16(size_t count, uint32_t seed = 1);

// An image over a copy of `samples`, interleaved.
vips::VImage Samples8(int width, int height, int bands, const std::vector<uint8_t>& samples,
                      VipsInterpretation type);
vips::VImage Samples16(int width, int height, int bands, const std::vector<uint16_t>& samples,
                       VipsInterpretation type);
vips::VImage SamplesFloat(int width, int height, int bands, const std::vector<float>& samples,
                          VipsInterpretation type);

void SetProfile(vips::VImage& image, const std::string& profile);
void SetOrientation(vips::VImage& image, int orientation);

// The file's bytes. WebP is lossless, JPEG has quality 95, TIFF no compression.
std::string Save(const vips::VImage& image, Format format);
std::string SavePng(const vips::VImage& image, vips::VOption* options);
std::string SaveTiff(const vips::VImage& image, vips::VOption* options);

// Reads the file with libvips alone, with nothing converted.
vips::VImage Load(const std::string& file, Format format);
std::vector<uint8_t> Bytes(const vips::VImage& image);

// One that libvips has built in: "srgb", "p3", "cmyk".
std::string BuiltinProfile(const char* name);
// A minimal ICC profile of a grey space with a plain gamma.
std::string GrayProfile(double gamma);
std::string ProfileOf(const vips::VImage& image);  // "" without one

}  // namespace impasto::imaging
