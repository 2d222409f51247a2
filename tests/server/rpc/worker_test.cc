#include "rpc/worker.h"

#include <gtest/gtest.h>

#include "tests/testing/counter.h"

namespace impasto::rpc {
namespace {

TEST(Worker, TakesNoMoreThanItsQueueHolds) {
  Counter began, go, done;
  Worker worker(/*max_waiting=*/1);
  ASSERT_TRUE(worker.TryPost([&] {
    began.Add();
    go.WaitFor(1);
  }));
  began.WaitFor(1);
  EXPECT_TRUE(worker.TryPost([&] { done.Add(); }));
  EXPECT_FALSE(worker.TryPost([&] { done.Add(100); }));
  go.Add();
  worker.Stop();
  EXPECT_EQ(done.value(), 1);
  EXPECT_FALSE(worker.TryPost([&] { done.Add(100); }));
}

}  // namespace
}  // namespace impasto::rpc
