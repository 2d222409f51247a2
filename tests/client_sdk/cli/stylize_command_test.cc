// The real program against a scripted server.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "tests/client_sdk/cli/cli_process.h"
#include "tests/testing/fake_service.h"

namespace impasto::cli {
namespace {

using namespace ::impasto::testing;  // NOLINT(google-build-using-namespace): the test's vocabulary
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kLossesOfTwo[] =
    "iteration,total,content,style,seconds,level,change\n"
    "1,30,20,10,0,0,\n"
    "2,20,12.5,7.5,0.5,0,\n"
    "3,10.125,5,5.125,1,0,\n";

v1::Recipe Resolved() {
  v1::Recipe recipe;
  recipe.set_preset("painterly");
  recipe.set_model("models/vgg19");
  recipe.set_iterations(2);
  return recipe;
}

class StylizeCommandTest : public ::testing::Test {
 protected:
  StylizeCommandTest() {
    WriteFile(dir_ + "photo.jpg", "PHOTO");
    WriteFile(dir_ + "style.jpg", "STYLE");
  }

  // stylize photo.jpg style.jpg -o out.png, and more.
  std::vector<std::string> Arguments(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"stylize", dir_ + "photo.jpg", dir_ + "style.jpg", "-o",
                                          out_path_, "--server",         server_.address()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  int Run(const std::vector<std::string>& arguments) {
    CliProcess process(arguments);
    const int code = process.Wait();
    out_ = process.out();
    err_ = process.err();
    return code;
  }

  // A run of two steps, with a preview after the first.
  void Succeed(const std::vector<std::string>& warnings = {}) {
    server_.SetStylize([warnings](const v1::StylizeRequest&, EventStream& stream) {
      stream.Send(AcceptedEvent(Resolved(), warnings));
      stream.Send(ProgressEvent(1, 2, 30, 20, 10, 0));
      stream.SendAll(PreviewEvents(1, "preview 1", 4));
      stream.Send(ProgressEvent(2, 2, 20, 12.5, 7.5, 500));
      stream.SendAll(PreviewEvents(2, "preview 2", 4));
      stream.Send(ProgressEvent(3, 2, 10.125, 5, 5.125, 1000));
      stream.SendAll(ResultEvents(2, 10.125, "PAINTED", 3));
      stream.Send(FinishedEvent());
      return grpc::Status::OK;
    });
  }

  // Two of three losses, perhaps a preview, then nothing until the job is cancelled or the client goes.
  void Hang(bool with_preview) {
    server_.SetStylize([this, with_preview](const v1::StylizeRequest&, EventStream& stream) {
      stream.Send(AcceptedEvent(Resolved()));
      stream.Send(ProgressEvent(1, 2, 30, 20, 10, 0));
      if (with_preview) {
        stream.SendAll(PreviewEvents(1, "kept picture", 4, v1::PICTURE_FORMAT_PNG));
      }
      stream.Send(ProgressEvent(2, 2, 20, 12.5, 7.5, 500));
      if (stream.WaitForCancelJob()) {
        stream.SendAll(at_cancel_);
        stream.Send(FinishedEvent(v1::Finished::STATE_CANCELLED));
      }
      gone_.set_value();
      return grpc::Status::OK;
    });
  }

  FakeServer server_;
  const std::string dir_ = MakeTestDir();
  const std::string out_path_ = dir_ + "out.png";
  std::vector<v1::JobEvent> at_cancel_;
  std::promise<void> gone_;
  std::string out_;
  std::string err_;
};

TEST_F(StylizeCommandTest, WritesThePictureAndSaysWhere) {
  Succeed();
  EXPECT_EQ(Run(Arguments()), 0);
  EXPECT_EQ(ReadFile(out_path_), "PAINTED");
  EXPECT_EQ(out_, out_path_ + "\n");
  EXPECT_THAT(err_,
              HasSubstr("Painting 4 x 3 pixels, 2 iterations, models/vgg19, preset painterly, as jobs/1\n"));
  EXPECT_THAT(err_, HasSubstr("0/2  loss 30 (content 20, style 10)\n"));
  EXPECT_THAT(err_, HasSubstr("2/2  loss 10.12 (content 5, style 5.12)  0.5 s/it  in 1.0 s\n"));
  EXPECT_THAT(ListDir(dir_), ElementsAre("out.png", "photo.jpg", "style.jpg"));
}

TEST_F(StylizeCommandTest, SendsWhatTheFlagsSay) {
  Succeed();
  EXPECT_EQ(
      Run(Arguments({"--iterations", "2", "--style-layer", "block1_conv1=3", "--output-size", "original"})),
      0);
  v1::StylizeRequest expected;
  expected.mutable_content()->set_encoded("PHOTO");
  expected.add_styles()->set_encoded("STYLE");
  expected.mutable_recipe()->set_iterations(2);
  expected.mutable_recipe()->add_style_layers()->set_layer("block1_conv1");
  expected.mutable_recipe()->mutable_style_layers(0)->set_weight(3);
  expected.mutable_output()->set_format(v1::PICTURE_FORMAT_PNG);
  expected.mutable_output()->set_size(v1::OUTPUT_SIZE_ORIGINAL);
  expected.set_priority(v1::PRIORITY_NORMAL);  // no terminal
  ASSERT_THAT(server_.requests(), SizeIs(1));
  v1::StylizeRequest sent = server_.requests()[0];
  EXPECT_THAT(sent.request_id(), SizeIs(36));
  sent.clear_request_id();
  EXPECT_EQ(sent.DebugString(), expected.DebugString());
  ASSERT_THAT(server_.clients(), SizeIs(1));
  EXPECT_THAT(server_.clients()[0], MatchesRegex("cli-[0-9]+-[0-9a-f]{8}"));
}

TEST_F(StylizeCommandTest, QuietSaysNothing) {
  Succeed({"the weights are random"});
  EXPECT_EQ(Run(Arguments({"--quiet"})), 0);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_, "");
  EXPECT_EQ(ReadFile(out_path_), "PAINTED");
}

TEST_F(StylizeCommandTest, EventsTellProgramsWhatHappens) {
  Succeed();
  EXPECT_EQ(Run(Arguments({"--events", "--quiet"})), 0);
  EXPECT_EQ(err_, "");
  const std::vector<std::string> lines = absl::StrSplit(out_, '\n', absl::SkipEmpty());
  ASSERT_THAT(lines, SizeIs(8));
  EXPECT_THAT(lines[0], HasSubstr(R"({"accepted":{"job":)"));
  EXPECT_THAT(lines[1], HasSubstr(R"({"progress":{"iteration":1,)"));
  EXPECT_THAT(lines[2], HasSubstr(R"({"preview":{"iteration":1,)"));
  EXPECT_THAT(lines[6], HasSubstr(R"({"result":{"iteration":2,)"));
  EXPECT_EQ(lines[7], R"({"end":{"code":"OK","message":"","field":"","reason":"","facts":{}}})");
  EXPECT_EQ(ReadFile(out_path_), "PAINTED");
}

TEST_F(StylizeCommandTest, EventsTellProgramsWhatWentWrong) {
  server_.SetStylize([](const v1::StylizeRequest&, EventStream&) {
    return StatusWithDetails(grpc::StatusCode::INVALID_ARGUMENT, "styles[0]: not a picture", "styles[0]",
                             "BAD");
  });
  EXPECT_EQ(Run(Arguments({"--events"})), 1);
  EXPECT_EQ(out_, R"({"end":{"code":"INVALID_ARGUMENT","message":"styles[0]: not a picture",)"
                  R"("field":"styles[0]","reason":"BAD","facts":{}}})"
                  "\n");
  EXPECT_THAT(err_, HasSubstr("impasto: styles[0]: not a picture\n"));
  std::vector<std::string> nobody = Arguments({"--events"});
  nobody[6] = "127.0.0.1:1";
  EXPECT_EQ(Run(nobody), 3);
  EXPECT_THAT(out_, HasSubstr(R"({"end":{"code":"UNAVAILABLE","message":"can't reach 127.0.0.1:1)"));
}

TEST_F(StylizeCommandTest, WarningsAreLoud) {
  Succeed({"the weights are random"});
  EXPECT_EQ(Run(Arguments()), 0);
  EXPECT_THAT(err_, HasSubstr("*** WARNING: the weights are random ***\n"));
}

TEST_F(StylizeCommandTest, DrawsABarOnATerminal) {
  Succeed();
  CliProcess process(Arguments(), {.environment = {}, .terminal = true});
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_THAT(process.err(), HasSubstr("\r[##############################] 2/2  loss 10.12"));
}

TEST_F(StylizeCommandTest, WritesLossesRecipeAndPreviews) {
  Succeed();
  EXPECT_EQ(Run(Arguments({"--loss-csv", dir_ + "losses.csv", "--save-recipe", dir_ + "recipe.json",
                           "--preview-dir", dir_ + "deep/previews", "--preview-every", "1"})),
            0);
  EXPECT_EQ(ReadFile(dir_ + "losses.csv"), kLossesOfTwo);
  EXPECT_EQ(ReadFile(dir_ + "recipe.json"),
            "{\n \"preset\": \"painterly\",\n \"model\": \"models/vgg19\",\n \"iterations\": 2\n}\n");
  EXPECT_THAT(ListDir(dir_ + "deep/previews"), ElementsAre("preview_000001.jpg", "preview_000002.jpg"));
  EXPECT_EQ(ReadFile(dir_ + "deep/previews/preview_000001.jpg"), "preview 1");
}

TEST_F(StylizeCommandTest, ASavedRecipeComesBack) {
  Succeed();
  EXPECT_EQ(Run(Arguments({"--save-recipe", dir_ + "recipe.json"})), 0);
  EXPECT_EQ(Run(Arguments({"--recipe", dir_ + "recipe.json"})), 0);
  ASSERT_THAT(server_.requests(), SizeIs(2));
  EXPECT_EQ(server_.requests()[1].recipe().DebugString(), Resolved().DebugString());
}

TEST_F(StylizeCommandTest, PreviewsByTimeAreNotWritten) {
  Succeed();
  EXPECT_EQ(Run(Arguments({"--preview-dir", dir_ + "p", "--preview-every", "2", "--keep-on-interrupt"})), 0);
  EXPECT_THAT(ListDir(dir_ + "p"), ElementsAre("preview_000002.jpg"));
}

TEST_F(StylizeCommandTest, AnswersOfTheServerAreFailures) {
  WriteFile(out_path_, "an older picture");
  server_.SetStylize([](const v1::StylizeRequest&, EventStream&) {
    return StatusWithDetails(grpc::StatusCode::INVALID_ARGUMENT, "styles[0]: not a picture", "styles[0]",
                             "BAD");
  });
  EXPECT_EQ(Run(Arguments({"--loss-csv", dir_ + "losses.csv"})), 1);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_, "impasto: styles[0]: not a picture\n  At fault: STYLE 1, " + dir_ + "style.jpg\n");
  EXPECT_EQ(ReadFile(out_path_), "an older picture");
  EXPECT_EQ(ReadFile(dir_ + "losses.csv"), "iteration,total,content,style,seconds,level,change\n");
}

TEST_F(StylizeCommandTest, AFailedRunsBestPictureGoesBesideTheOutput) {
  WriteFile(out_path_, "an older picture");
  server_.SetStylize([](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent(Resolved()));
    stream.Send(ProgressEvent(1, 2, 30, 20, 10, 0));
    stream.SendAll(ResultEvents(1, 20, "BEST SO FAR"));
    return grpc::Status(grpc::StatusCode::INTERNAL, "the loss is not a number");
  });
  EXPECT_EQ(Run(Arguments({"--quiet", "--loss-csv", dir_ + "losses.csv"})), 1);
  EXPECT_EQ(err_,
            "impasto: the loss is not a number\n  The server's log may say more.\n"
            "  The picture of iteration 1 was saved as " +
                dir_ + "out.partial.png\n");
  EXPECT_EQ(ReadFile(out_path_), "an older picture");
  EXPECT_EQ(ReadFile(dir_ + "out.partial.png"), "BEST SO FAR");
  EXPECT_EQ(ReadFile(dir_ + "losses.csv"),
            "iteration,total,content,style,seconds,level,change\n1,30,20,10,0,0,\n");
}

TEST_F(StylizeCommandTest, ABrokenPictureLeavesTheOutputAlone) {
  WriteFile(out_path_, "an older picture");
  server_.SetStylize([](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent(Resolved()));
    stream.Send(ResultEvents(1, 20, "0123456789", 4)[0]);
    stream.Send(FinishedEvent());
    return grpc::Status::OK;
  });
  EXPECT_EQ(Run(Arguments()), 1);
  EXPECT_THAT(err_, HasSubstr("impasto: the server ended the job without a whole result\n"));
  EXPECT_EQ(ReadFile(out_path_), "an older picture");
  EXPECT_THAT(ListDir(dir_), ElementsAre("out.png", "photo.jpg", "style.jpg"));
}

TEST_F(StylizeCommandTest, AServerThatGoesAwayIsUnreachable) {
  server_.SetStylize([](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent(Resolved()));
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "stopping");
  });
  EXPECT_EQ(Run(Arguments({"--reconnect", "0"})), 3);
  EXPECT_THAT(err_, HasSubstr("impasto: stopping\n  Is impastod running at " + server_.address()));
  EXPECT_THAT(err_, HasSubstr("\n  The job may go on: impasto jobs watch 1\n"));
}

TEST_F(StylizeCommandTest, AJobThatTheServerCancelledIsAFailure) {
  server_.SetStylize([](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(FinishedEvent(v1::Finished::STATE_CANCELLED));
    return grpc::Status::OK;
  });
  EXPECT_EQ(Run(Arguments()), 1);
  EXPECT_EQ(err_, "impasto: the job was cancelled\n");
}

TEST_F(StylizeCommandTest, NoServer) {
  // Bound but not listened on: the kernel refuses every connection, and nobody else can have the port.
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  socklen_t size = sizeof(address);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string dead = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));

  EXPECT_EQ(Run(Arguments({"--server", dead})), 2) << "--server was given twice";
  CliProcess process({"stylize", dir_ + "photo.jpg", dir_ + "style.jpg", "-o", out_path_},
                     {.environment = {"IMPASTO_SERVER=" + dead}, .terminal = false});
  EXPECT_EQ(process.Wait(), 3);
  EXPECT_THAT(process.err(), HasSubstr("impasto: can't reach " + dead));
  EXPECT_THAT(process.err(), HasSubstr("Start it with: impastod --listen " + dead + "\n"));
  EXPECT_THAT(ListDir(dir_), ElementsAre("photo.jpg", "style.jpg"));
  close(fd);
}

TEST_F(StylizeCommandTest, HonoursTheEnvironment) {
  Succeed();
  CliProcess process({"stylize", dir_ + "photo.jpg", dir_ + "style.jpg", "-o", out_path_},
                     {.environment = {"IMPASTO_SERVER=" + server_.address()}, .terminal = false});
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_EQ(ReadFile(out_path_), "PAINTED");
}

TEST_F(StylizeCommandTest, AnUnknownQualityNamesTheKnown) {
  EXPECT_EQ(Run(Arguments({"--quality", "92"})), 2);
  EXPECT_THAT(err_, HasSubstr("92 is none of draft, good, best (of JPEG and WebP: --jpeg-quality)"));
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(StylizeCommandTest, WrongUsageStartsNothing) {
  Succeed();
  const std::string photo = dir_ + "photo.jpg";
  const std::string style = dir_ + "style.jpg";
  const std::vector<std::vector<std::string>> wrong = {
      {"stylize", photo, style, "-o", dir_ + "out.gif"},       // no such format
      {"stylize", photo, style},                               // no OUT
      {"stylize", photo, "-o", out_path_},                     // no STYLE
      {"stylize", dir_ + "none.jpg", style, "-o", out_path_},  // no such file
      {"stylize", dir_, style, "-o", out_path_},               // a folder
      {"stylize", photo, style, "-o", dir_ + "none/out.png"},  // no such folder
      {"stylize", photo, style, "-o", out_path_, "--iterations", "many"},
      {"stylize", photo, style, "-o", out_path_, "--pooling", "min"},
      {"stylize", photo, style, "-o", out_path_, "--preview-every", "3"},  // without --preview-dir
      {"stylize", photo, style, "-o", out_path_, "--preview-dir", photo},  // a file
      {"stylize", photo, style, "-o", out_path_, "--loss-csv", dir_},
      {"stylize", photo, style, "-o", out_path_, "--loss-csv", dir_ + "./out.png"},  // two outputs, one file
      {"stylize", photo, style, "-o", out_path_, "--bogus"},
  };
  for (std::vector<std::string> arguments : wrong) {
    arguments.insert(arguments.end(), {"--server", server_.address()});
    EXPECT_EQ(Run(arguments), 2) << err_;
    EXPECT_EQ(out_, "");
    EXPECT_THAT(err_, Not(IsEmpty()));
  }
  EXPECT_EQ(Run({"stylize", photo, style, "-o", out_path_, "--server", "nonsense"}), 2);
  EXPECT_THAT(server_.requests(), IsEmpty());
  EXPECT_THAT(ListDir(dir_), ElementsAre("photo.jpg", "style.jpg"));
}

TEST_F(StylizeCommandTest, APreviewThatCanNotBeWrittenDoesNotEndTheRun) {
  std::promise<void> removed;
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    std::filesystem::remove_all(dir_ + "p");
    stream.Send(AcceptedEvent(Resolved()));
    stream.SendAll(PreviewEvents(1, "preview"));
    stream.SendAll(ResultEvents(2, 10, "PAINTED"));
    stream.Send(FinishedEvent());
    return grpc::Status::OK;
  });
  EXPECT_EQ(Run(Arguments({"--preview-dir", dir_ + "p", "--preview-every", "1"})), 1);
  EXPECT_THAT(err_, HasSubstr("impasto: can't write " + dir_ + "p/preview_000001.jpg: "));
  EXPECT_EQ(ReadFile(out_path_), "PAINTED");
}

TEST_F(StylizeCommandTest, InterruptCancelsAndLeavesTheOutputAlone) {
  WriteFile(out_path_, "an older picture");
  Hang(/*with_preview=*/true);
  CliProcess process(Arguments({"--loss-csv", dir_ + "losses.csv"}));
  ASSERT_TRUE(process.WaitForStderr("1/2  loss"));
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 130);
  gone_.get_future().wait();
  EXPECT_EQ(process.out(), "");
  EXPECT_THAT(process.err(), HasSubstr("Cancelled; " + out_path_ + " is left as it was\n"));
  EXPECT_EQ(ReadFile(out_path_), "an older picture");
  EXPECT_EQ(ReadFile(dir_ + "losses.csv"),
            "iteration,total,content,style,seconds,level,change\n1,30,20,10,0,0,\n2,20,12.5,7.5,0.5,0,\n");
}

TEST_F(StylizeCommandTest, InterruptKeepsTheNewestPictureWhereAsked) {
  WriteFile(out_path_, "an older picture");
  Hang(/*with_preview=*/true);
  CliProcess process(Arguments({"--keep-on-interrupt"}));
  ASSERT_TRUE(process.WaitForStderr("1/2  loss"));
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 130);
  gone_.get_future().wait();
  EXPECT_THAT(process.err(), HasSubstr("Cancelled; kept the picture of iteration 1 (at working size) as " +
                                       out_path_ + "\n"));
  EXPECT_EQ(ReadFile(out_path_), "kept picture");
  ASSERT_THAT(server_.requests(), SizeIs(1));
  EXPECT_EQ(server_.requests()[0].preview().format(), v1::PICTURE_FORMAT_PNG);
}

TEST_F(StylizeCommandTest, InterruptKeepsTheBestWhereTheServerSendsIt) {
  at_cancel_ = ResultEvents(1, 20, "BEST SO FAR");
  Hang(/*with_preview=*/true);
  CliProcess process(Arguments({"--keep-on-interrupt"}));
  ASSERT_TRUE(process.WaitForStderr("1/2  loss"));
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 130);
  EXPECT_THAT(process.err(), HasSubstr("Cancelled; kept the picture of iteration 1 as " + out_path_ + "\n"));
  EXPECT_EQ(ReadFile(out_path_), "BEST SO FAR");
  EXPECT_THAT(server_.calls(), ElementsAre("CancelJob jobs/1"));
}

TEST_F(StylizeCommandTest, InterruptBeforeThereIsAPictureSaysSo) {
  WriteFile(out_path_, "an older picture");
  Hang(/*with_preview=*/false);
  CliProcess process(Arguments({"--keep-on-interrupt"}));
  ASSERT_TRUE(process.WaitForStderr("1/2  loss"));
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 130);
  gone_.get_future().wait();
  EXPECT_THAT(process.err(),
              HasSubstr("Cancelled before the first picture came; " + out_path_ + " is left as it was\n"));
  EXPECT_EQ(ReadFile(out_path_), "an older picture");
}

TEST_F(StylizeCommandTest, TerminationIsHandledAsAnInterrupt) {
  Hang(/*with_preview=*/true);
  CliProcess process(Arguments());
  ASSERT_TRUE(process.WaitForStderr("1/2  loss"));
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 143);
  gone_.get_future().wait();
}

// ---- On a terminal, Ctrl-C asks ----

constexpr char kQuestion[] = "Detach (d) or cancel (c)? ";

TEST_F(StylizeCommandTest, OnATerminalTheUserMayDetach) {
  v1::Job job;
  job.set_name("jobs/1");
  server_.SetJobs({job});
  Hang(/*with_preview=*/false);
  CliProcess process(Arguments(), {.environment = {}, .terminal = true, .keyboard = true});
  ASSERT_TRUE(process.WaitForStderr("0/2  loss"));
  process.Signal(SIGINT);
  ASSERT_TRUE(process.WaitForStderr(kQuestion));
  process.Type("what\n");
  process.Type("d\n");
  EXPECT_EQ(process.Wait(), 130);
  gone_.get_future().wait();
  EXPECT_THAT(process.err(),
              HasSubstr("Detached; jobs/1 goes on. Its result: impasto jobs result 1 --wait -o OUT"));
  EXPECT_THAT(server_.calls(), ElementsAre("UpdateJob jobs/1"));
  EXPECT_TRUE(server_.updates()[0].job().detached());
  EXPECT_EQ(server_.requests()[0].priority(), v1::PRIORITY_INTERACTIVE);
}

TEST_F(StylizeCommandTest, OnATerminalTheUserMayCancel) {
  for (const std::string answer : {"c\n", "\x04"}) {  // Ctrl-D is the end of the input
    gone_ = std::promise<void>();
    Hang(/*with_preview=*/false);
    CliProcess process(Arguments(), {.environment = {}, .terminal = true, .keyboard = true});
    ASSERT_TRUE(process.WaitForStderr("0/2  loss"));
    process.Signal(SIGINT);
    ASSERT_TRUE(process.WaitForStderr(kQuestion));
    process.Type(answer);
    EXPECT_EQ(process.Wait(), 130);
    gone_.get_future().wait();
    EXPECT_THAT(process.err(), HasSubstr("Cancelled; "));
  }
  EXPECT_THAT(server_.calls(), ElementsAre("CancelJob jobs/1", "CancelJob jobs/1"));
}

TEST_F(StylizeCommandTest, TheSecondInterruptCancelsAndLeaves) {
  std::promise<void> cancelled;
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent(Resolved()));
    stream.Send(ProgressEvent(1, 2, 30, 20, 10, 0));
    EXPECT_TRUE(stream.WaitForCancelJob());
    cancelled.set_value();
    stream.WaitForCancel();  // a job that doesn't end
    return grpc::Status::CANCELLED;
  });
  CliProcess process(Arguments(), {.environment = {}, .terminal = true, .keyboard = true});
  ASSERT_TRUE(process.WaitForStderr("0/2  loss"));
  process.Signal(SIGINT);
  ASSERT_TRUE(process.WaitForStderr(kQuestion));
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 130);
  cancelled.get_future().wait();
  EXPECT_THAT(server_.calls(), ElementsAre("CancelJob jobs/1"));
}

TEST_F(StylizeCommandTest, AQuestionThatNobodyAnswersDoesNotHoldTheResultBack) {
  std::promise<void> asked;
  server_.SetStylize([&](const v1::StylizeRequest&, EventStream& stream) {
    stream.Send(AcceptedEvent(Resolved()));
    stream.Send(ProgressEvent(1, 2, 30, 20, 10, 0));
    asked.get_future().wait();
    stream.SendAll(ResultEvents(2, 10, "PAINTED"));
    stream.Send(FinishedEvent());
    return grpc::Status::OK;
  });
  CliProcess process(Arguments(), {.environment = {}, .terminal = true, .keyboard = true});
  ASSERT_TRUE(process.WaitForStderr("0/2  loss"));
  process.Signal(SIGINT);
  ASSERT_TRUE(process.WaitForStderr(kQuestion));
  asked.set_value();
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_EQ(ReadFile(out_path_), "PAINTED");
}

// ---- Jobs that are left, estimated, named ----

TEST_F(StylizeCommandTest, DetachPrintsTheJobAndLeavesIt) {
  Hang(/*with_preview=*/false);
  EXPECT_EQ(Run({"stylize", dir_ + "photo.jpg", "styles/3f2a", "--detach", "--name", "Sunday", "--request-id",
                 "mine", "--save-recipe", dir_ + "recipe.json", "--server", server_.address()}),
            0);
  gone_.get_future().wait();
  EXPECT_EQ(out_, "jobs/1\n");
  EXPECT_THAT(ReadFile(dir_ + "recipe.json"), HasSubstr("painterly"));
  ASSERT_THAT(server_.requests(), SizeIs(1));
  const v1::StylizeRequest request = server_.requests()[0];
  EXPECT_TRUE(request.detached());
  EXPECT_EQ(request.priority(), v1::PRIORITY_NORMAL);
  EXPECT_EQ(request.display_name(), "Sunday");
  EXPECT_EQ(request.request_id(), "mine");
  EXPECT_EQ(request.styles(0).style(), "styles/3f2a");
  EXPECT_EQ(request.output().format(), v1::PICTURE_FORMAT_PNG);
  EXPECT_THAT(server_.calls(), IsEmpty());
}

TEST_F(StylizeCommandTest, DetachAndOutputExcludeEachOther) {
  EXPECT_EQ(Run(Arguments({"--detach"})), 2);
  EXPECT_EQ(
      err_,
      "impasto: --output goes with a job that is waited for; with --detach, fetch the result later: impasto "
      "jobs result JOB -o " +
          out_path_ + "\n");
  EXPECT_EQ(Run({"stylize", dir_ + "photo.jpg", dir_ + "style.jpg", "--server", server_.address()}), 2);
  EXPECT_EQ(err_, "impasto: --output is required (see impasto stylize --help)\n");
  EXPECT_EQ(Run(Arguments({"--priority", "high"})), 2);
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(StylizeCommandTest, EstimatesWithoutStarting) {
  v1::EstimateJobResponse estimate;
  estimate.set_width(512);
  estimate.set_height(384);
  estimate.mutable_memory()->set_peak_bytes(int64_t{3} << 29);
  estimate.mutable_memory()->set_budget_bytes(int64_t{5} << 30);
  estimate.mutable_memory()->set_largest_max_size(1400);
  estimate.add_warnings("random weights");
  server_.SetEstimate(estimate);
  const std::vector<std::string> arguments = {"stylize",    dir_ + "photo.jpg", dir_ + "style.jpg",
                                              "--estimate", "--server",         server_.address()};
  EXPECT_EQ(Run(arguments), 0);
  EXPECT_EQ(out_,
            "size     512 x 384\n"
            "memory   1.5 GiB\n"
            "budget   5 GiB\n"
            "largest  --max-size 1400\n"
            "fits     yes\n");
  EXPECT_EQ(err_, "*** WARNING: random weights ***\n");
  estimate.mutable_memory()->set_budget_bytes(int64_t{1} << 30);
  server_.SetEstimate(estimate);
  EXPECT_EQ(Run(arguments), 1);
  EXPECT_THAT(out_, HasSubstr("fits     no\n"));
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(StylizeCommandTest, TellsOfChangesAndComesBackToItsJob) {
  std::vector<v1::JobEvent> events = {AcceptedEvent(Resolved()), ProgressEvent(1, 2, 30, 20, 10, 0),
                                      ChangedEvent(1, 0.02), ProgressEvent(2, 2, 20, 10, 10, 1000),
                                      StateEvent(v1::Job::STATE_RUNNING, 1, "the server was restarted")};
  events.push_back(ResultEvents(1, 20, "PAINTED")[0]);
  events.push_back(FinishedEvent());
  events = Numbered(events);
  server_.SetStylize([&events](const v1::StylizeRequest&, EventStream& stream) {
    stream.SendAll({events[0], events[1], events[2]});
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "stopping");
  });
  server_.SetEvents("jobs/1", events);
  EXPECT_EQ(Run(Arguments({"--loss-csv", dir_ + "losses.csv"})), 0);
  EXPECT_THAT(err_, HasSubstr("Changed from iteration 2 on: style_weight=0.02\n"));
  EXPECT_THAT(err_, HasSubstr("Lost the connection, trying to come back to jobs/1: stopping\n"));
  EXPECT_THAT(err_, HasSubstr("Now running, after 1 iterations: the server was restarted\n"));
  EXPECT_EQ(ReadFile(dir_ + "losses.csv"),
            "iteration,total,content,style,seconds,level,change\n1,30,20,10,0,0,\n"
            "2,20,10,10,1,0,style_weight=0.02\n");
  EXPECT_EQ(ReadFile(out_path_), "PAINTED");
}

}  // namespace
}  // namespace impasto::cli
