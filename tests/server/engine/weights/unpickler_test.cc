#include "engine/weights/unpickler.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/testing/pickle_writer.h"

namespace impasto::engine {
namespace {

using ::impasto::testing::PickleWriter;
using ::testing::HasSubstr;
using Kind = PickledValue::Kind;

absl::StatusOr<Unpickled> Read(const std::string& bytes) {
  size_t used = 0;
  return Unpickle(bytes, &used);
}

void ExpectRefused(const std::string& bytes, const std::string& reason) {
  const absl::Status status = Read(bytes).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
}

const std::string kZero(1, '\0');

std::string Repeated(const std::string& piece, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += piece;
  return all;
}

TEST(UnpicklerTest, ReadsAStateDict) {
  const std::string bytes = PickleWriter()
                                .OrderedDict()
                                .Mark()
                                .Text("w")
                                .Tensor("FloatStorage", "0", 12, 3, {2, 3}, {3, 1})
                                .SetItems()
                                .Stop()
                                .bytes();
  size_t used = 0;
  const absl::StatusOr<Unpickled> result = Unpickle(bytes + "what follows", &used);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(used, bytes.size());
  const PickledValue* value = result->root().Get("w");
  ASSERT_NE(value, nullptr);
  ASSERT_EQ(value->kind, Kind::kTensor);
  EXPECT_EQ(value->tensor->storage.key, "0");
  EXPECT_EQ(value->tensor->storage.type, ElementType::kF32);
  EXPECT_EQ(value->tensor->storage.count, 12);
  EXPECT_EQ(value->tensor->offset, 3);
  EXPECT_EQ(value->tensor->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(value->tensor->strides, (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(result->root().Get("other"), nullptr);
}

TEST(UnpicklerTest, ReadsAParameter) {
  const absl::StatusOr<Unpickled> result = Read(PickleWriter()
                                                    .EmptyDict()
                                                    .Mark()
                                                    .Text("w")
                                                    .Global("torch._utils", "_rebuild_parameter")
                                                    .Mark()
                                                    .Tensor("HalfStorage", "k", 4, 0, {4}, {1})
                                                    .Bool(true)
                                                    .OrderedDict()
                                                    .Tuple()
                                                    .Reduce()
                                                    .SetItems()
                                                    .Stop()
                                                    .bytes());
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->root().Get("w")->kind, Kind::kTensor);
  EXPECT_EQ(result->root().Get("w")->tensor->storage.type, ElementType::kF16);
}

// Versions before 0.4: _rebuild_tensor, a storage that is a view of another, and Python 2's dict from pairs.
TEST(UnpicklerTest, ReadsOldForms) {
  PickleWriter pickle;
  pickle.Global("collections", "OrderedDict").Mark().EmptyList().Mark();
  pickle.Mark().Raw(std::string("U\x01w", 3)).Global("torch._utils", "_rebuild_tensor").Mark();
  pickle.Mark().Text("storage").Global("torch", "FloatStorage").Text("7").Text("cpu").Int(100);
  pickle.Mark().Text("8").Int(40).Int(20).Tuple().Tuple().PersistentId();
  pickle.Int(5).Ints({3}).Ints({1}).Tuple().Reduce().Tuple().Appends().Tuple().Reduce().Stop();
  const absl::StatusOr<Unpickled> result = Read(pickle.bytes());
  ASSERT_TRUE(result.ok()) << result.status();
  const PickledValue* value = result->root().Get("w");
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(value->tensor->storage.view_offset, 40);
  EXPECT_EQ(value->tensor->storage.view_count, 20);
  EXPECT_EQ(value->tensor->offset, 5);
}

TEST(UnpicklerTest, ReadsNumbers) {
  const auto read = [](const std::string& bytes) { return Read(bytes)->root().integer; };
  EXPECT_EQ(read("K\xff."), 255);
  EXPECT_EQ(read("M\xff\xff."), 65535);
  EXPECT_EQ(read("J\xff\xff\xff\xff."), -1);
  EXPECT_EQ(read(std::string("\x8a\x00.", 3)), 0);
  EXPECT_EQ(read("\x8a\x01\xff."), -1);
  EXPECT_EQ(read(std::string("\x8a\x02\xff\x00.", 5)), 255);
  EXPECT_EQ(Read("\x8a\x09"
                 "123456789.")
                ->root()
                .kind,
            Kind::kBigInt);
}

TEST(UnpicklerTest, ReadsProtocol4) {
  // {'a': 1} with a frame, short text and memos.
  const std::string bytes(
      "\x80\x04\x95\x0a\0\0\0\0\0\0\0}\x94\x8c\x01"
      "a\x94K\x01s.",
      21);
  const absl::StatusOr<Unpickled> result = Read(bytes);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->root().Get("a")->integer, 1);
}

TEST(UnpicklerTest, LastOfEqualKeysCounts) {
  const absl::StatusOr<Unpickled> result =
      Read(PickleWriter().EmptyDict().Mark().Text("a").Int(1).Text("a").Int(2).SetItems().Stop().bytes());
  EXPECT_EQ(result->root().Get("a")->integer, 2);
}

class ForbiddenCallTest : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(ForbiddenCallTest, IsNamedAndNotRun) {
  const auto& [module, name] = GetParam();
  const std::string named = absl::StrCat("calls '", module, ".", name, "'");
  ExpectRefused(
      PickleWriter().Global(module, name).Mark().Text("touch /tmp/x").Tuple().Reduce().Stop().bytes(), named);
  // Even if nobody calls it.
  ExpectRefused(PickleWriter().EmptyDict().Mark().Text("a").Global(module, name).SetItems().Stop().bytes(),
                named);
  // By protocol 4's way of naming it.
  ExpectRefused(PickleWriter().Text(module).Text(name).Raw("\x93").EmptyTuple().Reduce().Stop().bytes(),
                named);
}

INSTANTIATE_TEST_SUITE_P(All, ForbiddenCallTest,
                         ::testing::Values(std::pair("os", "system"), std::pair("posix", "system"),
                                           std::pair("builtins", "eval"), std::pair("__builtin__", "exec"),
                                           std::pair("subprocess", "Popen"), std::pair("torch", "load"),
                                           std::pair("torch._utils", "_rebuild_tensor_v2.__globals__"),
                                           std::pair("torch.nn.modules.conv", "Conv2d"),
                                           std::pair("torch", "Tensor"), std::pair("collections", "Counter"),
                                           std::pair("torch.hub", "load")));

TEST(UnpicklerTest, OtherOperationsAreRefused) {
  // PERSID, INST, OBJ, NEWOBJ, NEWOBJ_EX, EXT1, EMPTY_SET, BYTEARRAY8, NEXT_BUFFER, protocol 0's INT.
  for (const char* operation : {"P", "i", "o", "\x81", "\x92", "\x82", "\x8f", "\x96", "\x97", "I"}) {
    ExpectRefused(PickleWriter().Raw(operation).Raw("x\ny\n").Stop().bytes(),
                  "the pickle has the operation 0x");
  }
}

TEST(UnpicklerTest, OnlyKnownCallablesAreCalled) {
  ExpectRefused(PickleWriter().Text("os.system").EmptyTuple().Reduce().Stop().bytes(),
                "it calls what is no function");
  ExpectRefused(PickleWriter().Global("torch", "FloatStorage").EmptyTuple().Reduce().Stop().bytes(),
                "'torch.FloatStorage'");
  ExpectRefused(PickleWriter().OrderedDict().Int(1).Reduce().Stop().bytes(), "it calls what is no function");
  ExpectRefused(PickleWriter().EmptyList().EmptyDict().Build().Stop().bytes(), "no OrderedDict");
  ExpectRefused(PickleWriter().EmptyDict().Int(1).Build().Stop().bytes(), "no OrderedDict");
}

TEST(UnpicklerTest, ArgumentsAreChecked) {
  const std::string rebuild = "tensor";
  const auto call = [](PickleWriter& pickle) { return pickle.Tuple().Reduce().Stop().bytes(); };
  PickleWriter none;
  none.Global("torch._utils", "_rebuild_tensor_v2").Mark();
  ExpectRefused(call(none), "a tensor is built from unknown arguments");
  PickleWriter no_storage;
  no_storage.Global("torch._utils", "_rebuild_tensor_v2").Mark().Text("s").Int(0).Ints({1}).Ints({1});
  ExpectRefused(call(no_storage), "a tensor is built from unknown arguments");
  ExpectRefused(PickleWriter().Tensor("FloatStorage", "0", 4, -1, {1}, {1}).Stop().bytes(),
                "a tensor is built from unknown arguments");
  ExpectRefused(PickleWriter().Tensor("FloatStorage", "0", 4, 0, {-1}, {1}).Stop().bytes(),
                "no natural numbers");
  ExpectRefused(PickleWriter().Tensor("FloatStorage", "0", 4, 0, {1}, {-1}).Stop().bytes(),
                "no natural numbers");
  ExpectRefused(PickleWriter().Tensor("FloatStorage", "0", 4, 0, {1, 1}, {1}).Stop().bytes(),
                "strides don't go with its shape");
  ExpectRefused(PickleWriter()
                    .Tensor("FloatStorage", "0", 4, 0, std::vector<int64_t>(9, 1), std::vector<int64_t>(9, 1))
                    .Stop()
                    .bytes(),
                "no short tuple");
  ExpectRefused(PickleWriter().Tensor("FloatStorage", "0", -4, 0, {1}, {1}).Stop().bytes(),
                "a reference to a storage");
  ExpectRefused(PickleWriter().Tensor("FloatStorage", std::string(200, 'k'), 4, 0, {1}, {1}).Stop().bytes(),
                "a reference to a storage");
  ExpectRefused(PickleWriter().Int(1).PersistentId().Stop().bytes(), "a reference to a storage");
  PickleWriter view;
  view.Mark().Text("storage").Global("torch", "FloatStorage").Text("7").Text("cpu").Int(10);
  view.Mark().Text("8").Int(4).Int(7).Tuple().Tuple().PersistentId().Stop();
  ExpectRefused(view.bytes(), "a view lies outside of its storage");
  PickleWriter parameter;
  parameter.Global("torch._utils", "_rebuild_parameter").Mark().Int(1);
  ExpectRefused(call(parameter), "a parameter is built from what is no tensor");
  PickleWriter pairs;
  pairs.Global("collections", "OrderedDict").Mark().EmptyList().Mark().Int(1).Appends();
  ExpectRefused(call(pairs), "no pairs");
}

TEST(UnpicklerTest, StackAndMemoAreChecked) {
  ExpectRefused(".", "its stack runs empty");
  ExpectRefused("0.", "its stack runs empty");
  ExpectRefused("(.", "its stack runs empty");
  ExpectRefused("(0.", "its stack runs empty");
  ExpectRefused("u.", "a mark is missing");
  ExpectRefused("t.", "a mark is missing");
  ExpectRefused("K\x01K\x01K\x01s.", "no list or dict");
  ExpectRefused("}(K\x01u.", "a dict's key has no value");
  ExpectRefused(
      "K\x01K\x02"
      "a.",
      "no list or dict");
  ExpectRefused("h\x05.", "it refers to value 5");
  ExpectRefused("q\x05.", "its stack runs empty");
  ExpectRefused("cos", "a name has no end");
  ExpectRefused("\x80\x09.", "protocol 9");
}

TEST(UnpicklerTest, EveryCutIsRefused) {
  const std::string bytes = PickleWriter()
                                .OrderedDict()
                                .Mark()
                                .Text("w")
                                .Tensor("FloatStorage", "0", 12, 3, {2, 3}, {3, 1})
                                .SetItems()
                                .Stop()
                                .bytes();
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(Read(bytes.substr(0, length)).status().code(), absl::StatusCode::kInvalidArgument) << length;
  }
  ExpectRefused(
      "X\xff\xff\xff\x7f"
      "abc",
      "cut off");
  ExpectRefused(
      "\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
      "abc",
      "cut off");
}

// A list in itself, shared a thousand times: data, not a recursion.
TEST(UnpicklerTest, CyclesAreHarmless) {
  const absl::StatusOr<Unpickled> result =
      Read(absl::StrCat("]q", kZero, Repeated(absl::StrCat("h", kZero, "a"), 1000), "."));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->root().items.size(), 1000u);
}

TEST(UnpicklerTest, WorkIsBounded) {
  ExpectRefused(Repeated("(", 1'000'000) + ".", "nests too deep");
  ExpectRefused(Repeated("]0", 3'000'000) + ".", "too many values");
  ExpectRefused(absl::StrCat("]", Repeated("20", 3'000'000), "."), "too many steps");
  // Tuples of tuples, doubling: 2^60 values if anybody unfolded them. Nobody does.
  EXPECT_TRUE(Read(absl::StrCat(")", Repeated("2\x86", 60), ".")).ok());
  // One long list, made into a dict again and again.
  const std::string pairs = absl::StrCat("](", Repeated("K\x01K\x01\x86", 20'000), "eq", kZero, "0");
  ExpectRefused(pairs + Repeated(absl::StrCat("ccollections\nOrderedDict\nh", kZero, "\x85R0"), 1000) + ".",
                "too many");
}

}  // namespace
}  // namespace impasto::engine
