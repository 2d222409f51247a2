// Forces the kernels onto each set of vector instructions in turn.
#pragma once

#include <hwy/targets.h>

#include <string>
#include <vector>

#include "engine/executors/cpu/kernels/kernels.h"

namespace impasto::engine::cpu {

struct Target {
  std::string name;
  int64_t bit = 0;
};

// Those that the kernels are compiled for and this processor has, best first.
inline std::vector<Target> RunnableTargets() {
  hwy::SetSupportedTargetsForTest(0);  // what the processor has
  std::vector<Target> targets;
  for (const int64_t bit : {HWY_AVX3, HWY_AVX2, HWY_SSE4, HWY_NEON}) {
    if ((hwy::SupportedTargets() & bit) != 0) targets.push_back({hwy::TargetName(bit), bit});
  }
  return targets;
}

inline void ForceTarget(const Target& target) {
  hwy::SetSupportedTargetsForTest(target.bit);
  hwy::GetChosenTarget().Update(target.bit);
}

}  // namespace impasto::engine::cpu
