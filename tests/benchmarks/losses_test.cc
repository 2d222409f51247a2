#include "tests/benchmarks/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace impasto::bench {
namespace {

engine::Recipe Reference() {
  return *engine::MakePreset("reference", "vgg19", engine::WeightsFamily::kKeras);
}

TEST(MethodTest, ANameAloneIsTheReference) {
  const auto method = ParseMethod("plain", Reference());
  ASSERT_TRUE(method.ok()) << method.status();
  EXPECT_EQ(method->name, "plain");
  EXPECT_EQ(method->recipe.optimizer, engine::OptimizerKind::kAdam);
  EXPECT_EQ(method->recipe.learning_rate, 5);
}

TEST(MethodTest, EverySetting) {
  const auto method = ParseMethod(
      "x:optimizer=lbfgs,schedule=cosine,learning_rate=20,beta1=0.9,beta2=0.99,epsilon=0.01,lbfgs_history=7,"
      "iterations=300,pyramid_levels=2",
      Reference());
  ASSERT_TRUE(method.ok()) << method.status();
  EXPECT_EQ(method->recipe.optimizer, engine::OptimizerKind::kLbfgs);
  EXPECT_EQ(method->recipe.schedule, engine::Schedule::kCosine);
  EXPECT_EQ(method->recipe.learning_rate, 20);
  EXPECT_EQ(method->recipe.beta1, 0.9);
  EXPECT_EQ(method->recipe.beta2, 0.99);
  EXPECT_EQ(method->recipe.epsilon, 0.01);
  EXPECT_EQ(method->recipe.lbfgs_history, 7);
  EXPECT_EQ(method->recipe.iterations, 300);
  EXPECT_EQ(method->recipe.pyramid_levels, 2);
}

TEST(MethodTest, RefusesWhatItDoesNotKnow) {
  for (const char* text :
       {"", ":iterations=3", "x:optimizer=sgd", "x:iterations=many", "x:speed=9", "x:schedule"}) {
    EXPECT_EQ(ParseMethod(text, Reference()).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(MethodTest, TheDefaultsAreGood) {
  for (const std::string& text : DefaultMethods()) EXPECT_TRUE(ParseMethod(text, Reference()).ok()) << text;
}

TEST(CurveTest, FirstAtAndLossAfter) {
  const std::vector<Point> curve = {{0, 1.0, 9}, {1, 2.0, 5}, {2, 3.0, 5}, {4, 4.0, 2}};
  EXPECT_EQ(FirstAt(curve, 5)->steps, 1);
  EXPECT_EQ(FirstAt(curve, 4)->seconds, 4.0);
  EXPECT_EQ(FirstAt(curve, 1), nullptr);
  EXPECT_EQ(LossAfter(curve, 0), 9);
  EXPECT_EQ(LossAfter(curve, 3), 5);
  EXPECT_EQ(LossAfter(curve, 100), 2);
}

TEST(LossesTest, NamesThePictureThatIsNotThere) {
  const absl::Status status = RunLosses({.content = "no-such-picture.jpg", .style = "x"});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("no-such-picture.jpg"));
}

}  // namespace
}  // namespace impasto::bench
