#include "tests/benchmarks/peak.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/benchmarks/peak.cc"  // this file, once per instruction set
#include "hwy/foreach_target.h"                        // before highway.h
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace impasto::bench::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Returns the floating-point operations of `rounds` rounds. `sink` gets a number that depends on all of them,
// so that none is left out.
double MultiplyAdds(int64_t rounds, float* sink) {
  const hn::ScalableTag<float> d;
  // The factors keep every sum near 1: no denormal numbers, no overflow. 12 sums that don't wait for each
  // other hide the latency of two units, and fit into 16 registers.
  const auto a = hn::Set(d, 0.999f), b = hn::Set(d, 1e-3f);
  // Sums that began alike would stay alike, and the compiler would keep one of them.
  const auto start = [&](float more) HWY_ATTR { return hn::Set(d, *sink + more); };
  auto s0 = start(0.00f), s1 = start(0.01f), s2 = start(0.02f), s3 = start(0.03f), s4 = start(0.04f),
       s5 = start(0.05f), s6 = start(0.06f), s7 = start(0.07f), s8 = start(0.08f), s9 = start(0.09f),
       s10 = start(0.10f), s11 = start(0.11f);
  for (int64_t i = 0; i < rounds; ++i) {
    s0 = hn::MulAdd(s0, a, b);
    s1 = hn::MulAdd(s1, a, b);
    s2 = hn::MulAdd(s2, a, b);
    s3 = hn::MulAdd(s3, a, b);
    s4 = hn::MulAdd(s4, a, b);
    s5 = hn::MulAdd(s5, a, b);
    s6 = hn::MulAdd(s6, a, b);
    s7 = hn::MulAdd(s7, a, b);
    s8 = hn::MulAdd(s8, a, b);
    s9 = hn::MulAdd(s9, a, b);
    s10 = hn::MulAdd(s10, a, b);
    s11 = hn::MulAdd(s11, a, b);
  }
  const auto sum =
      hn::Add(hn::Add(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)), hn::Add(hn::Add(s4, s5), hn::Add(s6, s7))),
              hn::Add(hn::Add(s8, s9), hn::Add(s10, s11)));
  *sink = hn::GetLane(sum);
  return static_cast<double>(rounds) * 12 * 2 * static_cast<double>(hn::Lanes(d));
}

const char* Target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace impasto::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace impasto::bench {
namespace {

HWY_EXPORT(MultiplyAdds);
HWY_EXPORT(Target);

double RunOnce(int threads) {
  constexpr double kSeconds = 0.15;
  constexpr int64_t kRounds = 1 << 16;  // some tens of microseconds between two looks at the clock
  using Clock = std::chrono::steady_clock;
  std::atomic<int> arrived{0};
  std::vector<double> rates(static_cast<size_t>(threads));
  const auto run = [&](double* rate) {
    float sink = 1;
    // All at once, so that none has the processor's clock and power for itself.
    ++arrived;
    while (arrived.load() < threads) std::this_thread::yield();
    double operations = 0, seconds = 0;
    const Clock::time_point start = Clock::now();
    do {
      operations += HWY_DYNAMIC_DISPATCH(MultiplyAdds)(kRounds, &sink);
      seconds = std::chrono::duration<double>(Clock::now() - start).count();
    } while (seconds < kSeconds);
    *rate = sink > 0 ? operations / seconds : 0;
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(run, &rates[static_cast<size_t>(i)]);
  run(&rates[0]);
  for (std::thread& other : others) other.join();
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum / 1e9;
}

}  // namespace

Peak MeasurePeak(int threads) {
  Peak peak{.target = HWY_DYNAMIC_DISPATCH(Target)()};
  for (int i = 0; i < 3; ++i) peak.gflops = std::max(peak.gflops, RunOnce(threads));
  return peak;
}

}  // namespace impasto::bench
#endif
