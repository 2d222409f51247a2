// The processor's floating-point peak: what convolutions are measured against.
#pragma once

#include <string>

namespace impasto::bench {

struct Peak {
  double gflops =
      0;  // 10^9 float32 operations a second, of all threads together; a fused multiply-add is two
  std::string target;  // the widest vector instructions that there are, as Highway names them: "AVX3", "AVX2"
};

// Runs nothing but fused multiply-adds in registers, on `threads` threads, for about half a second. The best
// of three runs.
Peak MeasurePeak(int threads);

}  // namespace impasto::bench
