// A question to whoever sits at the terminal.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace impasto::cli {

// Reads lines in a thread of its own, so that the program goes on meanwhile.
class TerminalQuestion {
 public:
  // `answered` gets a line without its end, or nullopt at the input's end, in that thread. False: it wants
  // another one; after the input's end there is none.
  TerminalQuestion(int fd, std::function<bool(std::optional<std::string> line)> answered);
  // Takes the question back, and waits for `answered` if it is being called.
  ~TerminalQuestion();
  TerminalQuestion(const TerminalQuestion&) = delete;
  TerminalQuestion& operator=(const TerminalQuestion&) = delete;

 private:
  void Ask();

  const int fd_;
  const std::function<bool(std::optional<std::string>)> answered_;
  const int stop_fd_;
  std::thread thread_;
};

}  // namespace impasto::cli
