#include "app/passive_wait.h"
#include "app/program.h"

int main(int argc, char** argv) {
  impasto::app::WaitPassively(argv);
  return impasto::app::Main(argc, argv);
}
