#include "engine/optimizers/lbfgs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>

namespace impasto::engine {
namespace {

using Vector = std::vector<double>;

// A function's value; fills the gradient.
using Function = std::function<double(const Vector& x, Vector* gradient)>;

double Inner(const Vector& a, const Vector& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The textbook's algorithm 7.4 and 7.5 in double, with whole steps and no box: what Lbfgs does where no step
// raises the loss.
class PlainLbfgs {
 public:
  PlainLbfgs(size_t history, double first_change) : history_(history), first_change_(first_change) {}

  Vector Next(const Vector& x, const Vector& g) {
    if (!x_.empty()) {
      Vector s(x.size()), y(x.size());
      for (size_t i = 0; i < x.size(); ++i) {
        s[i] = x[i] - x_[i];
        y[i] = g[i] - g_[i];
      }
      pairs_.emplace_back(s, y);
      if (pairs_.size() > history_) pairs_.pop_front();
    }
    x_ = x;
    g_ = g;
    Vector q = g;
    if (pairs_.empty()) {
      double norm1 = 0;
      for (const double v : g) norm1 += std::abs(v);
      for (double& v : q) v *= first_change_ * static_cast<double>(g.size()) / norm1;
    } else {
      std::vector<double> alpha(pairs_.size());
      for (size_t k = pairs_.size(); k-- > 0;) {
        const auto& [s, y] = pairs_[k];
        alpha[k] = Inner(s, q) / Inner(s, y);
        for (size_t i = 0; i < q.size(); ++i) q[i] -= alpha[k] * y[i];
      }
      const auto& [s, y] = pairs_.back();
      for (double& v : q) v *= Inner(s, y) / Inner(y, y);
      for (size_t k = 0; k < pairs_.size(); ++k) {
        const auto& [s, y] = pairs_[k];
        const double beta = Inner(y, q) / Inner(s, y);
        for (size_t i = 0; i < q.size(); ++i) q[i] += (alpha[k] - beta) * s[i];
      }
    }
    Vector next = x;
    for (size_t i = 0; i < x.size(); ++i) next[i] -= q[i];
    return next;
  }

 private:
  const size_t history_;
  const double first_change_;
  std::deque<std::pair<Vector, Vector>> pairs_;
  Vector x_, g_;
};

// sum of weight_i (x_i - center_i)^2 / 2, with neighbours coupled.
Function Quadratic(Vector center) {
  return [center = std::move(center)](const Vector& x, Vector* g) {
    double loss = 0;
    g->assign(x.size(), 0);
    for (size_t i = 0; i < x.size(); ++i) {
      const double weight = 1 + static_cast<double>(i % 7);
      const double d = x[i] - center[i];
      loss += weight * d * d / 2;
      (*g)[i] += weight * d;
      if (i + 1 == x.size()) continue;
      const double e = d - (x[i + 1] - center[i + 1]);
      loss += e * e / 2;
      (*g)[i] += e;
      (*g)[i + 1] -= e;
    }
    return loss;
  };
}

// Rosenbrock's valley in grey levels, from pair to pair: its floor runs along v = u^2, its lowest point is
// u = v = 1, which is x = 125.
double Rosenbrock(const Vector& x, Vector* g) {
  double loss = 0;
  g->assign(x.size(), 0);
  for (size_t i = 0; i + 1 < x.size(); i += 2) {
    const double u = (x[i] - 100) / 25, v = (x[i + 1] - 100) / 25;
    loss += 100 * (v - u * u) * (v - u * u) + (1 - u) * (1 - u);
    (*g)[i] = (-400 * u * (v - u * u) - 2 * (1 - u)) / 25;
    (*g)[i + 1] = 200 * (v - u * u) / 25;
  }
  return loss;
}

double Evaluate(const Function& function, const std::vector<float>& x, std::vector<float>* g) {
  Vector gradient;
  const double loss = function(Vector(x.begin(), x.end()), &gradient);
  g->assign(gradient.begin(), gradient.end());
  return loss;
}

struct Trace {
  std::vector<double> losses;
  std::vector<float> x;
};

Trace Minimize(const Function& function, Lbfgs* lbfgs, std::vector<float> x, int steps) {
  Trace trace;
  std::vector<float> g;
  for (int k = 0; k < steps; ++k) {
    const double loss = Evaluate(function, x, &g);
    trace.losses.push_back(loss);
    lbfgs->Step(loss, g, absl::MakeSpan(x));
  }
  trace.losses.push_back(Evaluate(function, x, &g));
  trace.x = std::move(x);
  return trace;
}

Vector Ramp(size_t size) {
  Vector values(size);
  for (size_t i = 0; i < size; ++i)
    values[i] = 60 + 130.0 * static_cast<double>(i * 37 % size) / static_cast<double>(size);
  return values;
}

TEST(LbfgsTest, FirstStepGoesAgainstTheGradient) {
  Lbfgs lbfgs({.first_change = 2}, 4);
  std::vector<float> x = {100, 100, 100, 100};
  lbfgs.Step(1, std::vector<float>{3, -1, 0, 4}, absl::MakeSpan(x));
  EXPECT_FLOAT_EQ(x[0], 100 - 3);  // |g| is 8 in all, 2 on average: a change of 2 on average
  EXPECT_FLOAT_EQ(x[1], 100 + 1);
  EXPECT_FLOAT_EQ(x[2], 100);
  EXPECT_FLOAT_EQ(x[3], 100 - 4);
}

TEST(LbfgsTest, IsTheTextbooksOnAQuadratic) {
  for (const int history : {1, 3, 8}) {
    const Function function = Quadratic(Ramp(40));
    Lbfgs lbfgs({.history = history, .first_change = 1}, 40);
    PlainLbfgs plain(static_cast<size_t>(history), 1);
    std::vector<float> x(40, 120), g;
    Vector expected(40, 120), gradient;
    for (int k = 0; k < 9; ++k) {
      const double loss = Evaluate(function, x, &g);
      lbfgs.Step(loss, g, absl::MakeSpan(x));
      function(expected, &gradient);
      expected = plain.Next(expected, gradient);
      for (size_t i = 0; i < 40; ++i) ASSERT_NEAR(x[i], expected[i], 0.02) << history << " " << k;
    }
    EXPECT_EQ(lbfgs.rejections(), 0);
    EXPECT_EQ(lbfgs.pairs(), std::min(history, 8));
  }
}

TEST(LbfgsTest, FindsTheLowestPointOfAQuadratic) {
  const Vector center = Ramp(100);
  Lbfgs lbfgs({}, 100);
  const Trace trace = Minimize(Quadratic(center), &lbfgs, std::vector<float>(100, 128), 60);
  EXPECT_LT(trace.losses.back(), 1e-6 * trace.losses.front());
  for (size_t i = 0; i < 100; ++i) EXPECT_NEAR(trace.x[i], center[i], 0.05);
}

TEST(LbfgsTest, FollowsRosenbrocksValleyWithoutEverRising) {
  Lbfgs lbfgs({}, 10);
  std::vector<float> start(10);
  for (size_t i = 0; i < 10; ++i) start[i] = i % 2 == 0 ? 70 : 125;  // (-1.2, 1): the usual start
  const Trace trace = Minimize(Rosenbrock, &lbfgs, start, 120);
  EXPECT_LT(trace.losses.back(), 1e-6);
  EXPECT_GT(lbfgs.rejections(), 0);  // a whole step does overshoot here: what was taken back is not kept
  for (const float v : trace.x) EXPECT_NEAR(v, 125, 0.1);
}

TEST(LbfgsTest, FindsTheLowestPointWithinTheBox) {
  // A third of the numbers want out of the box, on either side. Coupled as they are, the others' best places
  // depend on who is held at a bound: projected gradient descent in double finds them slowly and surely.
  Vector center = Ramp(60);
  for (size_t i = 0; i < 60; i += 3) center[i] = i % 2 == 0 ? -80 : 340;
  const Function function = Quadratic(center);
  Vector expected(60, 128), gradient;
  for (int k = 0; k < 3000; ++k) {
    function(expected, &gradient);
    for (size_t i = 0; i < 60; ++i) expected[i] = std::clamp(expected[i] - 0.08 * gradient[i], 0.0, 255.0);
  }
  const double lowest = function(expected, &gradient);
  Lbfgs lbfgs({}, 60);
  const Trace trace = Minimize(function, &lbfgs, std::vector<float>(60, 128), 60);
  EXPECT_NEAR(trace.losses.back(), lowest, 1e-5 * lowest);
  int at_bounds = 0;
  for (size_t i = 0; i < 60; ++i) {
    EXPECT_NEAR(trace.x[i], expected[i], 0.1);
    EXPECT_TRUE(trace.x[i] >= 0 && trace.x[i] <= 255);
    at_bounds += trace.x[i] == 0 || trace.x[i] == 255;
  }
  EXPECT_EQ(at_bounds, 20);
}

TEST(LbfgsTest, NumbersThatWantOutOfTheBoxStayAndDoNotCount) {
  Lbfgs lbfgs({.first_change = 1}, 4);
  std::vector<float> x = {0, 255, 0, 100};
  lbfgs.Step(1, std::vector<float>{5, -7, -2, 2}, absl::MakeSpan(x));
  EXPECT_EQ(x[0], 0);
  EXPECT_EQ(x[1], 255);
  EXPECT_FLOAT_EQ(x[2], 2);  // the change of 1 on average, times 4, is shared by those that may move
  EXPECT_FLOAT_EQ(x[3], 98);
}

TEST(LbfgsTest, AStepThatRaisedTheLossIsTakenBackPartOfTheWay) {
  Lbfgs lbfgs({.first_change = 8}, 1);
  std::vector<float> x = {100};
  lbfgs.Step(10, std::vector<float>{1}, absl::MakeSpan(x));
  ASSERT_FLOAT_EQ(x[0], 92);
  // Slope -8, rise 4: the parabola is lowest at 8 / (2 (4 + 8)) of the way.
  lbfgs.Step(14, std::vector<float>{-3}, absl::MakeSpan(x));
  EXPECT_FLOAT_EQ(x[0], 100 - 8.0f / 3);
  EXPECT_EQ(lbfgs.rejections(), 1);
  EXPECT_EQ(lbfgs.pairs(), 0);
  // A loss that isn't a number counts as a rise: a tenth of the way.
  lbfgs.Step(std::nan(""), std::vector<float>{0}, absl::MakeSpan(x));
  EXPECT_FLOAT_EQ(x[0], 100 - 0.8f / 3);
  // Enough of it: against the gradient from the old point, less far than any step before.
  lbfgs.Step(INFINITY, std::vector<float>{0}, absl::MakeSpan(x));
  EXPECT_FLOAT_EQ(x[0], 100 - 0.08f / 3);
}

TEST(LbfgsTest, WithADirectionThatOnlyRisesItStandsStill) {
  // The gradient lies: every step raises the loss. The point comes back to where it was, step for step.
  Lbfgs lbfgs({.first_change = 10}, 3);
  std::vector<float> x = {100, 120, 140};
  const std::vector<float> start = x;
  double change = 100;
  for (int k = 0; k < 30; ++k) {
    lbfgs.Step(10 + std::abs(x[0] - start[0]), std::vector<float>{1, 1, 1}, absl::MakeSpan(x));
    const double now = std::abs(x[0] - start[0]);
    if (k > 0) EXPECT_LE(now, std::max(change, 1e-4)) << k;
    change = now;
  }
  EXPECT_LT(change, 1e-4);
}

TEST(LbfgsTest, PairsWithoutCurvatureAreLeftOut) {
  // A loss with a downward bend: y points against s.
  Lbfgs lbfgs({.first_change = 1}, 2);
  std::vector<float> x = {100, 100};
  lbfgs.Step(10, std::vector<float>{1, 1}, absl::MakeSpan(x));
  lbfgs.Step(9, std::vector<float>{2, 2}, absl::MakeSpan(x));
  EXPECT_EQ(lbfgs.pairs(), 0);
  EXPECT_FLOAT_EQ(x[0], 98);
  lbfgs.Step(8, std::vector<float>{1, 1}, absl::MakeSpan(x));
  EXPECT_EQ(lbfgs.pairs(), 1);
}

TEST(LbfgsTest, TheMetricTurnsTheFirstStepAndNotTheEnd) {
  // A diagonal one, the inverse of the quadratic's own weights.
  const Vector center = Ramp(70);
  const auto metric = [](absl::Span<float> v) {
    for (size_t i = 0; i < v.size(); ++i) v[i] /= 1 + static_cast<float>(i % 7);
  };
  Lbfgs lbfgs({.first_change = 1, .metric = metric}, 2);
  std::vector<float> x = {100, 100};
  lbfgs.Step(1, std::vector<float>{3, 2}, absl::MakeSpan(x));
  EXPECT_FLOAT_EQ(x[0], 100 - 1.5f);  // 3 and 1, scaled to a mean of 1
  EXPECT_FLOAT_EQ(x[1], 100 - 0.5f);
  Lbfgs with({.metric = metric}, 70), without({}, 70);
  const std::vector<float> start(70, 128);
  const Trace a = Minimize(Quadratic(center), &with, start, 60);
  const Trace b = Minimize(Quadratic(center), &without, start, 60);
  for (size_t i = 0; i < 70; ++i) {
    EXPECT_NEAR(a.x[i], center[i], 0.05);
    EXPECT_NEAR(b.x[i], center[i], 0.05);
  }
  EXPECT_LT(a.losses[8], 0.5 * b.losses[8]);
}

TEST(LbfgsTest, AZeroGradientMovesNothing) {
  Lbfgs lbfgs({}, 2);
  std::vector<float> x = {100, 0};
  for (int k = 0; k < 3; ++k) lbfgs.Step(1, std::vector<float>{0, 5}, absl::MakeSpan(x));
  EXPECT_EQ(x, (std::vector<float>{100, 0}));
  EXPECT_EQ(lbfgs.pairs(), 0);
}

TEST(LbfgsTest, ARestoredStateGoesOnBitForBit) {
  // Through rejected steps, a full ring and a state before the first step.
  std::vector<float> start(10);
  for (size_t i = 0; i < 10; ++i) start[i] = i % 2 == 0 ? 70 : 125;
  for (const int at : {0, 1, 2, 9, 10, 11, 12, 13, 14, 30}) {
    Lbfgs whole({.history = 4}, 10), first({.history = 4}, 10), second({.history = 4}, 10);
    const Trace all = Minimize(Rosenbrock, &whole, start, 50);
    const Trace before = Minimize(Rosenbrock, &first, start, at);
    ASSERT_TRUE(second.RestoreState(first.SaveState()).ok());
    const Trace after = Minimize(Rosenbrock, &second, before.x, 50 - at);
    EXPECT_EQ(all.x, after.x) << at;
    EXPECT_EQ(all.losses.back(), after.losses.back()) << at;
    EXPECT_EQ(whole.rejections(), second.rejections()) << at;
  }
}

TEST(LbfgsTest, AnotherObjectiveBeginsAnew) {
  const Vector center = Ramp(20);
  Lbfgs lbfgs({.first_change = 2}, 20), fresh({.first_change = 2}, 20);
  Trace trace = Minimize(Quadratic(center), &lbfgs, std::vector<float>(20, 128), 8);
  ASSERT_GT(lbfgs.pairs(), 0);
  lbfgs.ObjectiveChanged();
  EXPECT_EQ(lbfgs.pairs(), 0);
  EXPECT_TRUE(lbfgs.SaveState().vectors.empty());
  // A loss a thousand times as high is no rise: there is nothing to hold it against.
  const Function other = [&](const Vector& x, Vector* g) {
    const double loss = Quadratic(Vector(20, 90))(x, g);
    for (double& v : *g) v *= 1000;
    return 1000 * loss;
  };
  const Trace a = Minimize(other, &lbfgs, trace.x, 12), b = Minimize(other, &fresh, trace.x, 12);
  EXPECT_EQ(a.losses, b.losses);
  EXPECT_EQ(a.x, b.x);
}

TEST(LbfgsTest, SavedStatesShareWhatIsNeverWrittenAgain) {
  std::vector<float> x(10, 70), g;
  Lbfgs lbfgs({.history = 3}, 10);
  std::vector<OptimizerState> saved;
  std::vector<std::vector<std::vector<float>>> copies;
  for (int k = 0; k < 12; ++k) {
    const double loss = Evaluate(Rosenbrock, x, &g);
    lbfgs.Step(loss, g, absl::MakeSpan(x));
    saved.push_back(lbfgs.SaveState());
    copies.emplace_back();
    for (const SharedNumbers& v : saved.back().vectors) copies.back().push_back(*v);
  }
  for (size_t k = 0; k < saved.size(); ++k) {
    for (size_t i = 0; i < copies[k].size(); ++i) EXPECT_EQ(*saved[k].vectors[i], copies[k][i]);
  }
  const OptimizerState again = lbfgs.SaveState();
  EXPECT_EQ(again.vectors, saved.back().vectors);  // the same ones
}

TEST(LbfgsTest, RefusesAStateThatIsNotItsOwn) {
  Lbfgs source({.history = 4}, 10);
  const Trace trace = Minimize(Rosenbrock, &source, std::vector<float>(10, 70), 20);
  const OptimizerState good = source.SaveState();
  ASSERT_EQ(good.vectors.size(), 2u * 5);
  Lbfgs lbfgs({.history = 4}, 10);
  const auto refused = [&](const std::function<void(OptimizerState&)>& spoil) {
    OptimizerState bad = good;
    spoil(bad);
    return lbfgs.RestoreState(bad).code() == absl::StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(
      refused([](OptimizerState& s) { s.vectors[3] = std::make_shared<const std::vector<float>>(9); }));
  EXPECT_TRUE(refused([](OptimizerState& s) { s.vectors.pop_back(); }));
  EXPECT_TRUE(refused([](OptimizerState& s) { s.scalars.pop_back(); }));
  EXPECT_TRUE(refused([](OptimizerState& s) { s.counters[1] = 5; }));
  EXPECT_TRUE(refused([](OptimizerState& s) { s.counters[1] = -1; }));
  EXPECT_TRUE(refused([](OptimizerState& s) { s.counters[0] = 0; }));
  EXPECT_TRUE(refused([](OptimizerState& s) { s = {}; }));
  EXPECT_EQ(Lbfgs({.history = 3}, 10).RestoreState(good).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Lbfgs({.history = 4}, 11).RestoreState(good).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(lbfgs.RestoreState(good).ok());
}

}  // namespace
}  // namespace impasto::engine
