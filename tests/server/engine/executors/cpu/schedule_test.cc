#include "engine/executors/cpu/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/substitute.h"
#include "engine/nets/builder.h"

namespace impasto::engine::cpu {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

struct Scheduled {
  Graph graph;
  Schedule schedule;
};

Scheduled MakeScheduled(const Graph& graph, const std::vector<std::string>& taps, int height = 64,
                        int width = 64, Pooling pooling = Pooling::kMax) {
  Graph pruned = *graph.Prune(taps, pooling);
  Schedule schedule = MakeSchedule(pruned, *pruned.Shapes(height, width), taps);
  return {std::move(pruned), std::move(schedule)};
}

std::vector<std::string> Names(const Scheduled& scheduled) {
  std::vector<std::string> names;
  for (const Step& step : scheduled.schedule.steps) names.push_back(step.name);
  return names;
}
std::vector<std::string> Names(const Graph& graph, const std::vector<std::string>& taps,
                               Pooling pooling = Pooling::kMax) {
  return Names(MakeScheduled(graph, taps, 64, 64, pooling));
}

const Step& Find(const Scheduled& scheduled, const std::string& name) {
  for (const Step& step : scheduled.schedule.steps) {
    if (step.name == name) return step;
  }
  ADD_FAILURE() << "no step " << name;
  return scheduled.schedule.steps.front();
}

// The reference recipe's.
std::vector<std::string> Vgg19Taps() {
  return {"block5_conv2", "block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1"};
}
std::vector<std::string> ResNet50Taps() {
  return {"conv5_block3_3_bn",   "conv2_block2_2_bn", "conv3_block1_0_bn",
          "conv3_block1_0_conv", "conv4_block1_2_bn", "conv5_block1_3_bn"};
}

// What holds for every schedule.
void Check(const Scheduled& scheduled, const std::vector<std::string>& taps) {
  const auto& [graph, schedule] = scheduled;
  const std::vector<Node>& nodes = graph.nodes();
  const std::vector<TensorShape> shapes = *graph.Shapes(64, 64);
  std::vector<int> readers(nodes.size());
  for (const Node& node : nodes) {
    for (const int input : node.inputs) ++readers[input];
  }
  std::multiset<std::string> computed;
  std::vector<bool> made(schedule.values.size());
  made[0] = true;
  for (size_t s = 0; s < schedule.steps.size(); ++s) {
    const Step& step = schedule.steps[s];
    // Inputs are there, the output isn't yet.
    ASSERT_TRUE(made[step.in]) << step.name;
    if (step.add >= 0) {
      ASSERT_TRUE(made[step.add]) << step.name;
      EXPECT_EQ(schedule.values[step.add].shape, schedule.values[step.out].shape) << step.name;
    }
    ASSERT_FALSE(made[step.out]) << step.name;
    made[step.out] = true;
    const Value& out = schedule.values[step.out];
    EXPECT_EQ(out.producer, static_cast<int>(s));
    EXPECT_EQ(out.shape, shapes[out.node]) << step.name;
    EXPECT_EQ(out.relu, step.relu) << step.name;
    const std::vector<std::string> names = absl::StrSplit(step.name, '+');
    EXPECT_EQ(names.back(), nodes[out.node].name);
    for (size_t i = 0; i + 1 < names.size(); ++i) {
      EXPECT_THAT(taps, ::testing::Not(Contains(names[i]))) << "fused over a tap: " << step.name;
      EXPECT_EQ(readers[graph.Find(names[i])], 1) << "somebody else reads " << names[i];
    }
    computed.insert(names.begin(), names.end());
  }
  // Each node once; the picture's blocked copy has the input's name.
  for (const Node& node : nodes) {
    if (node.op != Op::kInput) {
      EXPECT_EQ(computed.count(node.name), 1u) << node.name;
    } else {
      EXPECT_LE(computed.count(node.name), 1u);
    }
  }
  ASSERT_EQ(schedule.taps.size(), taps.size());
  std::set<int> tapped;
  for (size_t t = 0; t < taps.size(); ++t) {
    const Value& value = schedule.values[schedule.taps[t]];
    EXPECT_EQ(nodes[value.node].name, taps[t]);
    EXPECT_TRUE(value.tapped) << taps[t];
    tapped.insert(schedule.taps[t]);
  }
  for (size_t v = 0; v < schedule.values.size(); ++v) {
    EXPECT_EQ(schedule.values[v].tapped, tapped.contains(static_cast<int>(v)));
    // Readers are those that read it, rising; and somebody wants every value.
    std::vector<int> expected;
    for (size_t s = 0; s < schedule.steps.size(); ++s) {
      const Step& step = schedule.steps[s];
      if (step.in == static_cast<int>(v) || step.add == static_cast<int>(v))
        expected.push_back(static_cast<int>(s));
    }
    EXPECT_EQ(schedule.values[v].readers, expected);
    EXPECT_TRUE(v == 0 || !expected.empty() || schedule.values[v].tapped) << "value " << v;
    if (!expected.empty()) {
      EXPECT_TRUE(schedule.IsLastContributor(static_cast<int>(v), expected.front()));
      EXPECT_EQ(schedule.IsLastContributor(static_cast<int>(v), expected.back()), expected.size() == 1);
    }
  }
}

// The three steps of a ResNet block behind `input`, where nothing in it is tapped.
void AddBlock(const std::string& block, std::vector<std::string>* names) {
  for (const char* i : {"1", "2"})
    names->push_back(absl::Substitute("$0_$1_conv+$0_$1_bn+$0_$1_relu", block, i));
  names->push_back(absl::Substitute("$0_3_conv+$0_3_bn+$0_add+$0_out", block));
}

TEST(ScheduleTest, Vgg19WithTheReferenceTaps) {
  const Scheduled scheduled = MakeScheduled(Vgg19(), Vgg19Taps());
  Check(scheduled, Vgg19Taps());
  // Pools are fused where nobody looks, and block5_conv3 isn't there at all.
  EXPECT_THAT(Names(scheduled),
              ElementsAre("block1_conv1", "block1_conv2+block1_pool", "block2_conv1",
                          "block2_conv2+block2_pool", "block3_conv1", "block3_conv2", "block3_conv3",
                          "block3_conv4+block3_pool", "block4_conv1", "block4_conv2", "block4_conv3",
                          "block4_conv4+block4_pool", "block5_conv1", "block5_conv2"));
  for (const Step& step : scheduled.schedule.steps) {
    EXPECT_TRUE(step.relu) << step.name;
    EXPECT_EQ(step.pool, absl::StrContains(step.name, "pool")) << step.name;
    EXPECT_TRUE(step.in == 0 || step.kind == StepKind::kWinograd) << step.name;
  }
  EXPECT_EQ(Find(scheduled, "block2_conv1").kernel, 3);
}

TEST(ScheduleTest, ResNet50WithTheReferenceTaps) {
  const Scheduled scheduled = MakeScheduled(ResNet50(), ResNet50Taps());
  Check(scheduled, ResNet50Taps());
  std::vector<std::string> names = {"conv1_pad+conv1_conv+conv1_bn+conv1_relu", "pool1_pad+pool1_pool",
                                    "conv2_block1_0_conv+conv2_block1_0_bn"};
  AddBlock("conv2_block1", &names);
  // A tapped batch norm is folded into its convolution, but its ReLU and what follows stay apart.
  names.insert(names.end(), {"conv2_block2_1_conv+conv2_block2_1_bn+conv2_block2_1_relu",
                             "conv2_block2_2_conv+conv2_block2_2_bn", "conv2_block2_2_relu",
                             "conv2_block2_3_conv+conv2_block2_3_bn+conv2_block2_add+conv2_block2_out"});
  AddBlock("conv2_block3", &names);
  // Both the convolution and its batch norm are tapped.
  names.insert(names.end(), {"conv3_block1_0_conv", "conv3_block1_0_bn"});
  for (const char* block : {"conv3_block1", "conv3_block2", "conv3_block3", "conv3_block4"})
    AddBlock(block, &names);
  names.insert(names.end(), {"conv4_block1_0_conv+conv4_block1_0_bn",
                             "conv4_block1_1_conv+conv4_block1_1_bn+conv4_block1_1_relu",
                             "conv4_block1_2_conv+conv4_block1_2_bn", "conv4_block1_2_relu",
                             "conv4_block1_3_conv+conv4_block1_3_bn+conv4_block1_add+conv4_block1_out"});
  for (const char* block : {"conv4_block2", "conv4_block3", "conv4_block4", "conv4_block5", "conv4_block6"})
    AddBlock(block, &names);
  // The last summand is tapped, so that the sum has a step of its own.
  names.insert(names.end(), {"conv5_block1_0_conv+conv5_block1_0_bn",
                             "conv5_block1_1_conv+conv5_block1_1_bn+conv5_block1_1_relu",
                             "conv5_block1_2_conv+conv5_block1_2_bn+conv5_block1_2_relu",
                             "conv5_block1_3_conv+conv5_block1_3_bn", "conv5_block1_add+conv5_block1_out"});
  AddBlock("conv5_block2", &names);
  names.insert(names.end(), {"conv5_block3_1_conv+conv5_block3_1_bn+conv5_block3_1_relu",
                             "conv5_block3_2_conv+conv5_block3_2_bn+conv5_block3_2_relu",
                             "conv5_block3_3_conv+conv5_block3_3_bn"});
  EXPECT_THAT(Names(scheduled), ElementsAreArray(names));

  const Step& first = Find(scheduled, names[0]);
  EXPECT_EQ(first.in, 0);
  EXPECT_EQ(first.kernel, 7);
  EXPECT_EQ(first.stride, 2);
  EXPECT_EQ(first.padding, 3);
  const Step& pool = Find(scheduled, "pool1_pad+pool1_pool");
  EXPECT_EQ(pool.kind, StepKind::kMaxPool);
  EXPECT_EQ(pool.padding, 1);
  EXPECT_EQ(pool.kernel, 3);
  EXPECT_EQ(pool.stride, 2);
  // The residual: the shortcut's value of block 1, the block's own input in block 3.
  const Schedule& schedule = scheduled.schedule;
  const auto value_of = [&](const std::string& name) { return Find(scheduled, name).out; };
  EXPECT_EQ(Find(scheduled, "conv2_block1_3_conv+conv2_block1_3_bn+conv2_block1_add+conv2_block1_out").add,
            value_of("conv2_block1_0_conv+conv2_block1_0_bn"));
  EXPECT_EQ(Find(scheduled, "conv2_block3_3_conv+conv2_block3_3_bn+conv2_block3_add+conv2_block3_out").add,
            value_of("conv2_block2_3_conv+conv2_block2_3_bn+conv2_block2_add+conv2_block2_out"));
  const Step& sum = Find(scheduled, "conv5_block1_add+conv5_block1_out");
  EXPECT_EQ(sum.kind, StepKind::kAdd);
  EXPECT_TRUE(sum.relu);
  EXPECT_THAT((std::vector<int>{sum.in, sum.add}),
              ::testing::UnorderedElementsAre(value_of("conv5_block1_0_conv+conv5_block1_0_bn"),
                                              value_of("conv5_block1_3_conv+conv5_block1_3_bn")));
  EXPECT_EQ(Find(scheduled, "conv3_block1_0_bn").kind, StepKind::kAffine);
  EXPECT_EQ(Find(scheduled, "conv2_block2_2_relu").kind, StepKind::kCopy);
  EXPECT_EQ(schedule.steps[Find(scheduled, "conv3_block1_0_conv").out - 1].batch_norm, -1);
  EXPECT_EQ(Find(scheduled, "conv3_block1_0_conv").kind, StepKind::kWindows);  // its stride
  EXPECT_EQ(Find(scheduled, "conv2_block1_0_conv+conv2_block1_0_bn").kind, StepKind::kPointwise);
  EXPECT_EQ(Find(scheduled, "conv2_block2_2_conv+conv2_block2_2_bn").kind, StepKind::kWinograd);
}

TEST(ScheduleTest, WithEveryLayerTappedNothingIsFused) {
  for (const Graph& graph : {Vgg19(), Vgg16(), ResNet50()}) {
    const std::vector<std::string> taps = graph.LayerNames();
    const Scheduled scheduled = MakeScheduled(graph, taps);
    Check(scheduled, taps);
    std::vector<std::string> layers;
    for (const std::string& name : Names(scheduled)) {
      if (name != graph.nodes()[0].name) layers.push_back(name);  // the picture's blocked copy
    }
    EXPECT_EQ(layers, taps);
  }
}

TEST(ScheduleTest, AnySetOfTaps) {
  std::mt19937 generator(5);
  for (const Graph& graph : {Vgg19(), Vgg16(), ResNet50()}) {
    const std::vector<std::string> layers = graph.LayerNames();
    for (const std::string& layer : layers) {
      SCOPED_TRACE(layer);
      Check(MakeScheduled(graph, {layer}), {layer});
    }
    for (int set = 0; set < 200; ++set) {
      std::vector<std::string> taps = layers;
      std::shuffle(taps.begin(), taps.end(), generator);
      taps.resize(1 + generator() % std::min<size_t>(taps.size(), 12));
      SCOPED_TRACE(absl::StrJoin(taps, ","));
      Check(MakeScheduled(graph, taps), taps);
    }
  }
}

TEST(ScheduleTest, AveragePoolsAreStepsOfTheirOwn) {
  EXPECT_THAT(Names(Vgg19(), {"block2_conv1"}, Pooling::kAverage),
              ElementsAre("block1_conv1", "block1_conv2", "block1_pool", "block2_conv1"));
}

TEST(ScheduleTest, ATappedPoolIsFusedAndATappedLayerBeforeItIsNot) {
  EXPECT_THAT(Names(Vgg19(), {"block1_pool"}), ElementsAre("block1_conv1", "block1_conv2+block1_pool"));
  EXPECT_THAT(Names(Vgg19(), {"block1_pool", "block1_conv2"}),
              ElementsAre("block1_conv1", "block1_conv2", "block1_pool"));
}

TEST(ScheduleTest, PaddingIsFoldedUnlessItIsTapped) {
  EXPECT_THAT(Names(ResNet50(), {"pool1_pool"}),
              ElementsAre("conv1_pad+conv1_conv+conv1_bn+conv1_relu", "pool1_pad+pool1_pool"));
  EXPECT_THAT(Names(ResNet50(), {"pool1_pool", "pool1_pad"}),
              ElementsAre("conv1_pad+conv1_conv+conv1_bn+conv1_relu", "pool1_pad", "pool1_pool"));
  // The first convolution reads the padded map then, which is no picture any more.
  const Scheduled scheduled = MakeScheduled(ResNet50(), {"conv1_conv", "conv1_pad"});
  EXPECT_THAT(Names(scheduled), ElementsAre("input", "conv1_pad", "conv1_conv"));
  EXPECT_EQ(scheduled.schedule.steps[0].kind, StepKind::kBlocked);
  EXPECT_EQ(scheduled.schedule.steps[1].kind, StepKind::kPad);
  EXPECT_EQ(Find(scheduled, "conv1_conv").padding, 0);
}

TEST(ScheduleTest, AValueWithTwoReadersIsMadeOnce) {
  GraphBuilder b;
  const int x = b.Conv("x", b.Input("input"), 16, 3, 1, 1, false);
  const int y = b.Conv("y", x, 16, 3, 1, 1, false);
  b.Relu("out", b.AddMaps("sum", b.Relu("relu", x), y));
  const Graph graph = std::move(b).Build("test");
  const Scheduled scheduled = MakeScheduled(graph, {"out"});
  Check(scheduled, {"out"});
  // x has two readers, so that its ReLU isn't fused into it. The ReLU comes behind y in the list of nodes,
  // and y can't wait for it.
  EXPECT_THAT(Names(scheduled), ElementsAre("x", "y", "relu", "sum+out"));
}

TEST(ScheduleTest, ALayerWithTwoReadersIsNotFusedBehindItsFirst) {
  GraphBuilder b;
  const int x = b.Conv("x", b.Input("input"), 16, 3, 1, 1, false);
  const int relu = b.Relu("relu", x);
  b.AddMaps("sum", b.Conv("y", x, 16, 3, 1, 1, false), relu);
  const Graph graph = std::move(b).Build("test");
  const Scheduled scheduled = MakeScheduled(graph, {"sum"});
  Check(scheduled, {"sum"});
  EXPECT_THAT(Names(scheduled), ElementsAre("x", "relu", "y+sum"));
}

TEST(ScheduleTest, AMapAddedToItsOwnConvolution) {
  GraphBuilder b;
  const int x = b.Conv("x", b.Input("input"), 16, 3, 1, 1, true);
  b.AddMaps("sum", x, b.Conv("y", x, 16, 3, 1, 1, false));
  b.Relu("out", 3);
  const Graph graph = std::move(b).Build("test");
  const Scheduled scheduled = MakeScheduled(graph, {"out"});
  Check(scheduled, {"out"});
  EXPECT_THAT(Names(scheduled), ElementsAre("x", "y+sum+out"));
  const Step& step = Find(scheduled, "y+sum+out");
  EXPECT_EQ(step.in, step.add);
  EXPECT_THAT(scheduled.schedule.values[step.in].readers, ElementsAre(1));
}

TEST(ScheduleTest, LayersOnThePictureItself) {
  GraphBuilder b;
  const int input = b.Input("input");
  b.AddMaps("sum", b.BatchNorm("bn", input), input);
  const Graph graph = std::move(b).Build("test");
  const Scheduled scheduled = MakeScheduled(graph, {"sum"});
  Check(scheduled, {"sum"});
  EXPECT_THAT(Names(scheduled), ElementsAre("input", "bn", "sum"));
}

}  // namespace
}  // namespace impasto::engine::cpu
