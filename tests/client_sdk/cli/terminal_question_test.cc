#include "cli/terminal_question.h"

#include <unistd.h>

#include <future>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace impasto::cli {
namespace {

using ::testing::ElementsAre;

class TerminalQuestionTest : public ::testing::Test {
 protected:
  TerminalQuestionTest() { EXPECT_EQ(pipe(pipe_), 0); }
  ~TerminalQuestionTest() override {
    close(pipe_[0]);
    CloseInput();
  }
  void Type(const std::string& text) { EXPECT_EQ(write(pipe_[1], text.data(), text.size()), text.size()); }
  void CloseInput() {
    if (pipe_[1] >= 0) {
      close(pipe_[1]);
      pipe_[1] = -1;
    }
  }

  int pipe_[2];
};

TEST_F(TerminalQuestionTest, AsksUntilTheAnswerWillDo) {
  std::vector<std::string> lines;
  std::promise<void> done;
  {
    TerminalQuestion question(pipe_[0], [&](const std::optional<std::string>& line) {
      lines.push_back(line.value());
      if (lines.size() < 2) {
        return false;
      }
      done.set_value();
      return true;
    });
    Type("what\nd\nnext");
    done.get_future().wait();
  }
  EXPECT_THAT(lines, ElementsAre("what", "d"));
  char rest[8] = "";
  EXPECT_EQ(read(pipe_[0], rest, sizeof(rest)), 4) << "what follows is for others";
}

TEST_F(TerminalQuestionTest, TheInputsEndIsAnAnswer) {
  std::promise<std::optional<std::string>> answer;
  TerminalQuestion question(pipe_[0], [&](const std::optional<std::string>& line) {
    answer.set_value(line);
    return false;
  });
  Type("half a line");
  CloseInput();
  EXPECT_EQ(answer.get_future().get(), std::nullopt);
}

TEST_F(TerminalQuestionTest, IsTakenBack) {
  TerminalQuestion question(pipe_[0], [](const std::optional<std::string>&) {
    ADD_FAILURE();
    return true;
  });
}

}  // namespace
}  // namespace impasto::cli
