// Keeps thread pools from spinning.
#pragma once

namespace impasto::app {

// Torch's OpenMP threads and OpenBLAS's spin for milliseconds when they have nothing to do. On a machine of
// its own that saves some wake-ups. Beside an editor, or beside each other, they take the cores from whoever
// has work: a step then takes ten times as long. The libraries read how to wait from the environment when
// they are loaded, before main; so this sets OMP_WAIT_POLICY and OPENBLAS_THREAD_TIMEOUT where the user
// hasn't, and starts the program again, in the same process, once. Returns where there is nothing to set, or
// where the program can't be started again: it works as well, only slower.
void WaitPassively(char* const* argv);

}  // namespace impasto::app
