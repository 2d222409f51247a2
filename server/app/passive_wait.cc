#include "app/passive_wait.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

namespace impasto::app {

void WaitPassively(char* const* argv) {
  // OMP_WAIT_POLICY marks that this was done: a second start finds it set.
  if (getenv("OMP_WAIT_POLICY") != nullptr) return;
  // Its own path, not /proc/self/exe, which would become the process's name.
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = '\0';
  setenv("OMP_WAIT_POLICY", "passive", 1);
  setenv("OPENBLAS_THREAD_TIMEOUT", "4", 0);  // 2^4 cycles: the least that it takes
  execv(path, argv);
}

}  // namespace impasto::app
