#include "tests/testing/oracle.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

extern char** environ;

namespace impasto::testing {

Image SmoothPicture(int width, int height, double phase) {
  Image image{.width = width, .height = height};
  image.rgb.resize(3 * image.pixels());
  uint32_t noise = 12345;
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        noise = noise * 1664525u + 1013904223u;
        const double wave = std::sin(x / (7.0 + c) + phase) * std::cos(y / (5.0 + 2 * c) - phase) +
                            0.5 * std::sin((x + y) / 11.0 * phase);
        image.rgb[(static_cast<size_t>(c) * height + y) * width + x] =
            static_cast<float>(std::lround(std::fmin(std::fmax(128 + 70 * wave + (noise >> 27), 0), 255)));
      }
    }
  }
  return image;
}

void WritePpm(const Image& image, const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  out << "P6\n" << image.width << " " << image.height << "\n255\n";
  for (size_t i = 0; i < image.pixels(); ++i) {
    for (int c = 0; c < 3; ++c)
      out.put(static_cast<char>(static_cast<unsigned char>(image.rgb[c * image.pixels() + i])));
  }
}

std::vector<double> ReadNpy(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  if (bytes.size() < 10) return {};
  const size_t start = 10 + static_cast<unsigned char>(bytes[8]) + 256 * static_cast<unsigned char>(bytes[9]);
  std::vector<double> values((bytes.size() - start) / sizeof(double));
  std::memcpy(values.data(), bytes.data() + start, values.size() * sizeof(double));
  return values;
}

std::string SharedFolder() {
  const char* folder = std::getenv("IMPASTO_SHARED");
  return folder == nullptr ? "" : folder;
}

int RunProgram(const std::vector<std::string>& command, const std::string& stdout_file) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, stdout_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return -1;
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int RunOracle(const std::vector<std::string>& arguments, const std::string& json_file) {
  std::vector<std::string> command = {"/usr/bin/python3", SharedFolder() + "/tools/nst_oracle.py"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return RunProgram(command, json_file);
}

}  // namespace impasto::testing
