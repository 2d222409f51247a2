// What the figures depend on: the processor and the memory.
#pragma once

#include <cstdint>
#include <string>

namespace impasto::bench {

// "AMD EPYC: sse4_2 avx avx2 fma ...": the processor and its vector instructions, as Linux names them.
std::string Processor();

// Bytes that a new process can take without swapping.
int64_t AvailableMemory();

// Of this process, since it was started as this program; of its whole memory, with libraries and weights.
int64_t PeakMemory();
int64_t CurrentMemory();

}  // namespace impasto::bench
