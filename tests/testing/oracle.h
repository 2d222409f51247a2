// What tests need to hold numbers against nst_oracle.py: pictures that both read exactly, and the oracle as a
// process.
#pragma once

#include <string>
#include <vector>

#include "base/image.h"

namespace impasto::testing {

// 8-bit values, smooth shapes with some texture, the same on every machine up to the rounding of sin and cos.
Image SmoothPicture(int width, int height, double phase);

// PPM: the one format that takes no library to write. Values are whole numbers of 0..255.
void WritePpm(const Image& image, const std::string& path);

// A float64 C-order .npy file's numbers; empty where it can't be read.
std::vector<double> ReadNpy(const std::string& path);

// The folder with weights/, images/ and tools/nst_oracle.py, from the environment's IMPASTO_SHARED; "" where
// it isn't set.
std::string SharedFolder();

// Runs /usr/bin/python3 on the oracle, its JSON into a file; its exit code, or -1 where it can't be started.
int RunOracle(const std::vector<std::string>& arguments, const std::string& json_file);
// The same for any program.
int RunProgram(const std::vector<std::string>& command, const std::string& stdout_file);

}  // namespace impasto::testing
