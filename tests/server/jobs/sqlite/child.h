// Parts of tests that need a process of their own: to be killed, or to change what the whole process may do.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <vector>

namespace impasto::jobs::testing {

// Forked, while the test has one thread. `body`'s expectations count in the child: see Passes.
class Child {
 public:
  using Report = std::function<void(int64_t number)>;

  explicit Child(const std::function<void(const Report& report)>& body) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    fflush(nullptr);
    pid_ = fork();
    EXPECT_GE(pid_, 0);
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(ends[0]);
      body([&](int64_t number) {
        EXPECT_EQ(write(ends[1], &number, sizeof(number)), ssize_t{sizeof(number)});
      });
      fflush(nullptr);
      _exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    close(ends[1]);
    reports_ = ends[0];
  }
  ~Child() {
    Kill();
    close(reports_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The next number that the child reported; false at its end.
  bool Read(int64_t* number) {
    ssize_t got;
    do {
      got = read(reports_, number, sizeof(*number));
    } while (got < 0 && errno == EINTR);
    return got == sizeof(*number);
  }

  // kill -9. What it reported before can still be read.
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    Wait();
  }

  // Waits for its end: all its expectations held.
  bool Passes() {
    const int status = Wait();
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  int Wait() {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = 0;
    return status;
  }

  pid_t pid_ = 0;
  int reports_ = -1;
};

inline bool PassesInChild(const std::function<void()>& body) {
  return Child([&](const Child::Report&) { body(); }).Passes();
}

}  // namespace impasto::jobs::testing
