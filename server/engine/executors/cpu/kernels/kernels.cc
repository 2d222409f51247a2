#include "engine/executors/cpu/kernels/kernels.h"

// Every x86-64 processor since 2008 has SSE4; the executor's Create checks. Without this the baseline would
// be scalar code, which lacks the shuffles.
#if defined(__x86_64__)
#define HWY_BASELINE_TARGETS HWY_SSE4
#endif
// AVX3_DL adds nothing that these kernels use; SVE's vectors have no size at compile time, and its machines
// have NEON.
#define HWY_DISABLED_TARGETS \
  (HWY_SCALAR | HWY_EMU128 | HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/executors/cpu/kernels/kernels.cc"
#include <hwy/foreach_target.h>

#include "engine/executors/cpu/kernels/elementwise-inl.h"
#include "engine/executors/cpu/kernels/gemm-inl.h"
#include "engine/executors/cpu/kernels/winograd-inl.h"

#if HWY_ONCE
namespace impasto::engine::cpu {

HWY_EXPORT(Gemm);
HWY_EXPORT(GemmWindows);
HWY_EXPORT(GramStrip);
HWY_EXPORT(Transpose16);
HWY_EXPORT(WinogradInput);
HWY_EXPORT(WinogradOutput);
HWY_EXPORT(MaxPoolWindows);
HWY_EXPORT(Elementwise);
HWY_EXPORT(Affine);
HWY_EXPORT(SquaredDistance);
HWY_EXPORT(TargetName);

void Gemm(const GemmArgs& args) { HWY_DYNAMIC_DISPATCH(Gemm)(args); }
void GemmWindows(const WindowArgs& args) { HWY_DYNAMIC_DISPATCH(GemmWindows)(args); }
void GramStrip(int rows, const float* a, const float* b, size_t b_stride, int blocks, float* gram,
               size_t ld) {
  HWY_DYNAMIC_DISPATCH(GramStrip)(rows, a, b, b_stride, blocks, gram, ld);
}
void Transpose16(const float* from, float* to) { HWY_DYNAMIC_DISPATCH(Transpose16)(from, to); }
void WinogradInput(int m, const TileSource& source, int tiles_x, int first, int last, float* v,
                   size_t point_stride) {
  HWY_DYNAMIC_DISPATCH(WinogradInput)(m, source, tiles_x, first, last, v, point_stride);
}
void WinogradOutput(int m, const float* v, size_t point_stride, int tiles_x, int first, int last,
                    const TileSink& sink) {
  HWY_DYNAMIC_DISPATCH(WinogradOutput)(m, v, point_stride, tiles_x, first, last, sink);
}
void MaxPoolWindows(const float* in, int kernel, size_t line, size_t step, int windows, float* out,
                    uint8_t* choice) {
  HWY_DYNAMIC_DISPATCH(MaxPoolWindows)(in, kernel, line, step, windows, out, choice);
}
void Elementwise(const float* in, float scale, size_t rows, float* out, const Epilogue& epilogue) {
  HWY_DYNAMIC_DISPATCH(Elementwise)(in, scale, rows, out, epilogue);
}
void Affine(const float* in, const float* scale, const float* shift, size_t rows, float* out,
            const Epilogue& epilogue) {
  HWY_DYNAMIC_DISPATCH(Affine)(in, scale, shift, rows, out, epilogue);
}
double SquaredDistance(const float* a, const float* b, size_t n) {
  return HWY_DYNAMIC_DISPATCH(SquaredDistance)(a, b, n);
}
std::string TargetName() { return HWY_DYNAMIC_DISPATCH(TargetName)(); }
bool TargetSupported() { return (hwy::SupportedTargets() & HWY_TARGETS) != 0; }

}  // namespace impasto::engine::cpu
#endif  // HWY_ONCE
