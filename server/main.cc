#include "app/program.h"

int main(int argc, char** argv) { return impasto::app::Main(argc, argv); }
