// What the figures depend on: the processor.
#pragma once

#include <string>

namespace impasto::bench {

// "AMD EPYC: sse4_2 avx avx2 fma ...": the processor and its vector instructions, as Linux names them.
std::string Processor();

}  // namespace impasto::bench
