#include "engine/optimizers/lbfgs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/optimizers/vectors.h"

namespace impasto::engine {
namespace {

// A pair with less curvature, as the cosine of s and y, is noise.
constexpr double kLeastCosine = 1e-6;
// Steps taken back in a row until the pairs are given up.
constexpr int kPatience = 3;
// The part of a step that is tried after it was taken back.
constexpr double kLeastPart = 0.1, kMostPart = 0.5;

}  // namespace

Lbfgs::Lbfgs(const LbfgsOptions& options, size_t size)
    : options_(options),
      size_(size),
      ring_(static_cast<size_t>(options.history) + 1),
      change_(options.first_change),
      direction_(size) {}

void Lbfgs::KeepPair(absl::Span<const float> gradient, absl::Span<const float> x) {
  Pair& pair = At(0);
  auto new_s = std::make_shared<std::vector<float>>(size_);
  auto new_y = std::make_shared<std::vector<float>>(size_);
  float* __restrict s = new_s->data();
  float* __restrict y = new_y->data();
  const float* __restrict from = pair.s->data();
  const float* __restrict from_g = pair.y->data();
  const float* __restrict to = x.data();
  const float* __restrict g = gradient.data();
  const double sy = Sum(size_, [=](size_t i) {
    s[i] = to[i] - from[i];
    y[i] = g[i] - from_g[i];
    return static_cast<double>(s[i]) * y[i];
  });
  const double ss = Dot(s, s, size_);
  const double yy = Dot(y, y, size_);
  if (!(sy > kLeastCosine * std::sqrt(ss * yy))) return;
  double ymy = yy;
  if (options_.metric) {
    direction_ = *new_y;
    options_.metric(absl::MakeSpan(direction_));
    ymy = Dot(direction_.data(), y, size_);
  }
  scale_ = sy / ymy;
  pair = {std::move(new_s), std::move(new_y), 1 / sy};
  next_ = (next_ + 1) % ring_.size();
  pairs_ = std::min(pairs_ + 1, options_.history);
}

double Lbfgs::QuasiNewtonDirection(const float* gradient, const float* x) {
  float* q = direction_.data();
  for (size_t i = 0; i < size_; ++i) q[i] = Fixed(gradient[i], x[i]) ? 0.0f : gradient[i];
  // Every pass adds what the one before found, and takes the next one's product on the way.
  std::vector<double> alpha(static_cast<size_t>(pairs_) + 1);
  double product = Dot(At(1).s->data(), q, size_);
  for (int age = 1; age <= pairs_; ++age) {
    alpha[age] = At(age).inverse_sy * product;
    const float* next = At(std::min(age + 1, pairs_)).s->data();  // the last product isn't needed
    product = AddThenDot(static_cast<float>(-alpha[age]), At(age).y->data(), q, next, size_);
  }
  if (options_.metric) options_.metric(absl::MakeSpan(direction_));
  const auto scale = static_cast<float>(scale_);
  const float* oldest = At(pairs_).y->data();
  product = Sum(size_, [=](size_t i) {
    q[i] *= scale;
    return static_cast<double>(q[i]) * oldest[i];
  });
  for (int age = pairs_; age >= 1; --age) {
    const double beta = At(age).inverse_sy * product;
    const float* next = age > 1 ? At(age - 1).y->data() : gradient;
    product = AddThenDot(static_cast<float>(alpha[age] - beta), At(age).s->data(), q, next, size_);
  }
  return Sum(size_, [=, this](size_t i) {
    q[i] = Fixed(gradient[i], x[i]) ? 0.0f : -q[i];
    return static_cast<double>(q[i]) * gradient[i];
  });
}

double Lbfgs::SteepestDirection(const float* gradient, const float* x) {
  float* d = direction_.data();
  for (size_t i = 0; i < size_; ++i) d[i] = Fixed(gradient[i], x[i]) ? 0.0f : gradient[i];
  if (options_.metric) options_.metric(absl::MakeSpan(direction_));
  const double sum = Sum(size_, [=, this](size_t i) {
    d[i] = Fixed(gradient[i], x[i]) ? 0.0f : d[i];
    return static_cast<double>(std::abs(d[i]));
  });
  const auto factor = static_cast<float>(sum > 0 ? -change_ * static_cast<double>(size_) / sum : 0);
  return Sum(size_, [=](size_t i) {
    d[i] *= factor;
    return static_cast<double>(d[i]) * gradient[i];
  });
}

void Lbfgs::Step(double loss, absl::Span<const float> gradient, absl::Span<float> x) {
  if (started_) {
    if (!(loss <= loss_)) return Retreat(loss, x);
    KeepPair(gradient, x);
    if (loss < loss_) change_ = std::min(2 * change_, options_.first_change);
  }
  started_ = true;
  retreats_ = 0;
  loss_ = loss;
  if (pairs_ > 0) slope_ = QuasiNewtonDirection(gradient.data(), x.data());
  // Rounding can spoil a direction.
  if (!(pairs_ > 0 && slope_ < 0)) {
    pairs_ = 0;
    slope_ = SteepestDirection(gradient.data(), x.data());
  }
  Pair& waiting = At(0);
  waiting = {};  // its memory first
  waiting.s = std::make_shared<const std::vector<float>>(x.begin(), x.end());
  waiting.y = std::make_shared<const std::vector<float>>(gradient.begin(), gradient.end());
  for (size_t i = 0; i < size_; ++i) {
    x[i] = std::clamp(x[i] + direction_[i], options_.lower, options_.upper);
  }
}

// From where the step led back to a point between it and the accepted one.
void Lbfgs::Retreat(double loss, absl::Span<float> x) {
  ++rejections_;
  const Pair& accepted = At(0);
  const float* from = accepted.s->data();
  if (++retreats_ % kPatience == 0) {
    const double change = Sum(size_, [=](size_t i) { return std::abs(static_cast<double>(x[i]) - from[i]); });
    pairs_ = 0;
    change_ = kLeastPart * change / static_cast<double>(size_);
    slope_ = SteepestDirection(accepted.y->data(), from);
    for (size_t i = 0; i < size_; ++i) {
      x[i] = std::clamp(from[i] + direction_[i], options_.lower, options_.upper);
    }
    return;
  }
  // The lowest point of the parabola through both losses and the slope.
  const double bend = loss - loss_ - slope_;
  const double part =
      std::isfinite(bend) && bend > 0 ? std::clamp(-slope_ / (2 * bend), kLeastPart, kMostPart) : kLeastPart;
  const auto factor = static_cast<float>(part);
  for (size_t i = 0; i < size_; ++i) x[i] = from[i] + factor * (x[i] - from[i]);
  slope_ *= part;
}

void Lbfgs::ObjectiveChanged() {
  started_ = false;
  pairs_ = 0;
  retreats_ = 0;
  change_ = options_.first_change;
  for (Pair& pair : ring_) pair = {};
}

OptimizerState Lbfgs::SaveState() const {
  OptimizerState state;
  state.counters = {started_, pairs_, retreats_, rejections_};
  state.scalars = {loss_, slope_, scale_, change_};
  for (int age = pairs_; age >= 0 && started_; --age) {
    state.scalars.push_back(At(age).inverse_sy);
    state.vectors.push_back(At(age).s);
    state.vectors.push_back(At(age).y);
  }
  return state;
}

absl::Status Lbfgs::RestoreState(OptimizerState state) {
  const absl::Status bad =
      absl::InvalidArgumentError("it isn't a state of L-BFGS with this history, for a picture of this size");
  constexpr size_t kCounters = 4, kScalars = 4;
  if (state.counters.size() != kCounters || state.scalars.size() < kScalars) return bad;
  for (const int64_t counter : state.counters) {
    if (counter < 0 || counter > std::numeric_limits<int>::max()) return bad;
  }
  const bool started = state.counters[0] == 1;
  const auto pairs = static_cast<size_t>(state.counters[1]);
  const size_t kept = started ? pairs + 1 : 0;
  if (state.counters[0] > 1 || pairs >= ring_.size() || (!started && pairs > 0) ||
      state.scalars.size() != kScalars + kept || state.vectors.size() != 2 * kept ||
      !std::all_of(state.vectors.begin(), state.vectors.end(),
                   [this](const SharedNumbers& v) { return v->size() == size_; })) {
    return bad;
  }
  started_ = started;
  pairs_ = static_cast<int>(pairs);
  retreats_ = static_cast<int>(state.counters[2]);
  rejections_ = static_cast<int>(state.counters[3]);
  loss_ = state.scalars[0];
  slope_ = state.scalars[1];
  scale_ = state.scalars[2];
  change_ = state.scalars[3];
  for (Pair& pair : ring_) pair = {};
  next_ = pairs;
  for (size_t i = 0; i < kept; ++i) {
    ring_[i] = {std::move(state.vectors[2 * i]), std::move(state.vectors[2 * i + 1]),
                state.scalars[kScalars + i]};
  }
  return absl::OkStatus();
}

}  // namespace impasto::engine
