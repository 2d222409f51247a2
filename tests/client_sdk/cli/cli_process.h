// The real `impasto` as a child process.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace impasto::testing {

// A new folder for a test's files, with a slash at its end. It stays in the tests' temporary folder.
std::string MakeTestDir();

void WriteFile(const std::string& path, const std::string& bytes);
// "" where there is none.
std::string ReadFile(const std::string& path);
// Names in a folder, sorted.
std::vector<std::string> ListDir(const std::string& path);

class CliProcess {
 public:
  struct Options {
    std::vector<std::string> environment;  // "NAME=VALUE", added to the test's own
    bool terminal = false;                 // stderr is a terminal of 120 columns
    bool keyboard = false;                 // and stdin is the same
    std::string program;                   // a path; empty: what the environment variable IMPASTO_CLI names
  };

  explicit CliProcess(const std::vector<std::string>& arguments);
  CliProcess(const std::vector<std::string>& arguments, const Options& options);
  // Kills it if it runs still.
  ~CliProcess();

  // Blocks until stderr has this text, or has ended: then false.
  bool WaitForStderr(const std::string& text);
  void Signal(int number);
  // On the keyboard.
  void Type(const std::string& text);
  // Blocks until the program's end. Its exit status, or 1000 + the signal that killed it.
  int Wait();

  // After Wait().
  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

 private:
  pid_t pid_ = -1;
  int keyboard_ = -1;
  int exit_code_ = -1;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string out_;
  std::string err_;         // guarded by mutex_ until Wait()
  bool err_ended_ = false;  // guarded by mutex_
  std::thread out_reader_;
  std::thread err_reader_;
};

}  // namespace impasto::testing
