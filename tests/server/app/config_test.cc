#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "base/memory.h"
#include "engine/weights/store.h"
#include "jobs/sqlite/state_dir.h"

namespace impasto::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CommandLine Parse(std::vector<const char*> flags) {
  flags.insert(flags.begin(), "impastod");
  return ParseCommandLine(static_cast<int>(flags.size()), flags.data());
}

TEST(ConfigTest, Defaults) {
  const CommandLine line = Parse({});
  ASSERT_FALSE(line.exit) << line.text;
  EXPECT_EQ(line.config.listen, "127.0.0.1:50451");
  EXPECT_THAT(line.config.models, IsEmpty());
  EXPECT_EQ(line.config.weights_dir, engine::DefaultWeightsDirectory());
  EXPECT_EQ(line.config.device.device, "auto");
  EXPECT_EQ(line.config.device.threads, 0);
  EXPECT_EQ(line.config.device.executor, "auto");
  EXPECT_EQ(line.config.device.torch_memory_format, engine::TorchMemoryFormat::kMeasured);
  EXPECT_EQ(line.config.device.torch_precision, engine::TorchPrecision::kFloat32);
  EXPECT_FALSE(line.config.allow_random_weights);
  EXPECT_EQ(line.config.max_request_bytes, 67108864);
  EXPECT_EQ(line.config.port_file, "");
  EXPECT_FALSE(line.config.tls.has_value());
  EXPECT_EQ(line.config.token_file, "");
  EXPECT_FALSE(line.config.tls.has_value());
  EXPECT_EQ(line.config.token_file, "");
  EXPECT_EQ(line.config.state_dir, jobs::DefaultStateDir([](const char* name) { return std::getenv(name); }));
  EXPECT_EQ(line.config.memory_budget, *ParseBytes("70%", MachineMemoryBytes()));
  EXPECT_EQ(line.config.checkpoint_seconds, 30);
  EXPECT_EQ(line.config.keep_results_seconds, 604800);
  EXPECT_EQ(line.config.keep_results_bytes, 4294967296);
  EXPECT_EQ(line.config.orphan_grace_seconds, 120);
  EXPECT_EQ(line.config.drain_seconds, 30);
  EXPECT_EQ(line.config.max_jobs_per_client, 64);
}

TEST(ConfigTest, EveryFlag) {
  const CommandLine line = Parse({"--listen",
                                  "[::1]:0",
                                  "--models",
                                  "resnet50, vgg19,resnet50",
                                  "--weights-dir",
                                  "w",
                                  "--device",
                                  "cuda:1",
                                  "--threads",
                                  "3",
                                  "--allow-random-weights",
                                  "--max-request-bytes",
                                  "1048576",
                                  "--port-file",
                                  "p",
                                  "--executor",
                                  "torch",
                                  "--torch-format",
                                  "nchw",
                                  "--torch-precision",
                                  "tf32",
                                  "--state-dir",
                                  "s",
                                  "--memory-budget",
                                  "1.5G",
                                  "--checkpoint-every",
                                  "5",
                                  "--keep-results",
                                  "12h,100M",
                                  "--orphan-grace",
                                  "2m",
                                  "--drain-seconds",
                                  "0",
                                  "--max-jobs-per-client",
                                  "3",
                                  "--tls-cert",
                                  "c.pem",
                                  "--tls-key",
                                  "k.pem",
                                  "--token-file",
                                  "t"});
  ASSERT_FALSE(line.exit) << line.text;
  EXPECT_EQ(line.config.listen, "[::1]:0");
  EXPECT_THAT(line.config.models, ElementsAre("resnet50", "vgg19"));
  EXPECT_EQ(line.config.weights_dir, "w");
  EXPECT_EQ(line.config.device.device, "cuda:1");
  EXPECT_EQ(line.config.device.threads, 3);
  EXPECT_EQ(line.config.device.executor, "torch");
  EXPECT_EQ(line.config.device.torch_memory_format, engine::TorchMemoryFormat::kNchw);
  EXPECT_EQ(line.config.device.torch_precision, engine::TorchPrecision::kTf32);
  EXPECT_TRUE(line.config.allow_random_weights);
  EXPECT_EQ(line.config.max_request_bytes, 1048576);
  EXPECT_EQ(line.config.port_file, "p");
  EXPECT_EQ(line.config.state_dir, "s");
  EXPECT_EQ(line.config.memory_budget, 1610612736);
  EXPECT_EQ(line.config.checkpoint_seconds, 5);
  EXPECT_EQ(line.config.keep_results_seconds, 43200);
  EXPECT_EQ(line.config.keep_results_bytes, 104857600);
  EXPECT_EQ(line.config.orphan_grace_seconds, 120);
  EXPECT_EQ(line.config.drain_seconds, 0);
  EXPECT_EQ(line.config.max_jobs_per_client, 3);
  ASSERT_TRUE(line.config.tls.has_value());
  EXPECT_EQ(line.config.tls->certificate, "c.pem");
  EXPECT_EQ(line.config.tls->key, "k.pem");
  EXPECT_EQ(line.config.token_file, "t");
}

TEST(ConfigTest, NoStateDirectory) { EXPECT_EQ(Parse({"--state-dir", "none"}).config.state_dir, ""); }

TEST(ConfigTest, AUnixSocket) {
  EXPECT_EQ(Parse({"--listen", "unix:/run/impasto"}).config.listen, "unix:/run/impasto");
  EXPECT_EQ(Parse({"--listen", "unix:"}).exit_code, 2);
}

TEST(ConfigTest, VersionAndHelpExitWithZero) {
  EXPECT_EQ(Parse({"--version"}).exit_code, 0);
  EXPECT_THAT(Parse({"--version"}).text, HasSubstr("impastod 0."));
  EXPECT_TRUE(Parse({"--help"}).exit);
  EXPECT_EQ(Parse({"--help"}).exit_code, 0);
  EXPECT_THAT(Parse({"--help"}).text, HasSubstr("--weights-dir"));
}

TEST(ConfigTest, UsageErrorsExitWithTwoAndNameTheFlag) {
  const std::vector<std::vector<const char*>> bad = {
      {"--listen", "localhost"},
      {"--listen", "127.0.0.1:70000"},
      {"--listen", ":1"},
      {"--listen", "::1:0"},
      {"--listen", "a:-1"},
      {"--models", "vgg11"},
      {"--models", ""},
      {"--models", "vgg19,,vgg16"},
      {"--device", "gpu"},
      {"--device", "cuda:x"},
      {"--device", "cuda:-1"},
      {"--threads", "-1"},
      {"--threads", "many"},
      {"--max-request-bytes", "1"},
      {"--weights-dir", ""},
      {"--max-request-bytes", "9999999999"},
      {"--no-such-flag", "1"},
      {"--executor", "CPU"},
      {"--executor", ""},
      {"--executor", "torch "},
      {"--torch-format", "NCHW"},
      {"--torch-precision", "half"},
      {"--state-dir", ""},
      {"--memory-budget", "0"},
      {"--memory-budget", "x"},
      {"--checkpoint-every", "-1"},
      {"--checkpoint-every", ""},
      {"--keep-results", "7d"},
      {"--keep-results", "7d,x"},
      {"--keep-results", "7y,1G"},
      {"--orphan-grace", "2w"},
      {"--drain-seconds", "99999d"},
      {"--max-jobs-per-client", "0"},
      {"--tls-cert", "c.pem"},
      {"--tls-key", "k.pem"},
  };
  for (const std::vector<const char*>& flags : bad) {
    const CommandLine line = Parse(flags);
    EXPECT_TRUE(line.exit) << flags[0] << " " << flags[1];
    EXPECT_EQ(line.exit_code, 2) << flags[0] << " " << flags[1];
    EXPECT_THAT(line.text, HasSubstr(flags[0]));
  }
  EXPECT_EQ(Parse({"stray"}).exit_code, 2);
}

TEST(ConfigTest, AnUnknownModelIsAnsweredWithTheModelsThereAre) {
  EXPECT_THAT(Parse({"--models", "vgg11"}).text,
              HasSubstr("\"vgg11\" is no model; there are auto, vgg19, vgg16, resnet50"));
}

TEST(ConfigTest, EveryExecutorByItsExactName) {
  for (const char* name : {"auto", "cpu", "torch"}) {
    const CommandLine line = Parse({"--executor", name});
    ASSERT_FALSE(line.exit) << line.text;
    EXPECT_EQ(line.config.device.executor, name);
  }
  EXPECT_EQ(Parse({"--torch-format", "channels_last"}).config.device.torch_memory_format,
            engine::TorchMemoryFormat::kChannelsLast);
}

TEST(ConfigTest, TheCpuExecutorOnACardIsRefusedInWords) {
  const CommandLine line = Parse({"--executor", "cpu", "--device", "cuda:0"});
  EXPECT_EQ(line.exit_code, 2);
  EXPECT_THAT(line.text, HasSubstr("--executor: cpu runs on a CPU alone, and --device is cuda:0"));
  EXPECT_FALSE(Parse({"--executor", "cpu", "--device", "auto"}).exit);
}

TEST(ConfigTest, TheWeightsFolderFollowsTheEnvironment) {
  setenv("IMPASTO_WEIGHTS_DIR", "/weights", 1);
  EXPECT_EQ(Parse({}).config.weights_dir, "/weights");
  EXPECT_EQ(Parse({"--weights-dir", "/other"}).config.weights_dir, "/other");
}

TEST(ConfigTest, WhoMayCall) {
  const CommandLine line =
      Parse({"--tls-cert", "cert.pem", "--tls-key", "key.pem", "--token-file", "tokens"});
  ASSERT_FALSE(line.exit) << line.text;
  EXPECT_EQ(line.config.tls->certificate, "cert.pem");
  EXPECT_EQ(line.config.tls->key, "key.pem");
  EXPECT_EQ(line.config.token_file, "tokens");
  for (const char* flag : {"--tls-cert", "--tls-key"}) {
    const CommandLine half = Parse({flag, "x.pem"});
    EXPECT_EQ(half.exit_code, 2) << flag;
    EXPECT_THAT(half.text, HasSubstr(" requires ")) << flag;
  }
}

}  // namespace
}  // namespace impasto::app
