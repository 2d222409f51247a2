// Pixels in a drawable's own format, for tests that compare bit for bit. The same for both GIMPs.
#pragma once

#include <gegl.h>

// A soft pattern of values between 0.1 and 0.9 with noise in every bit, the same for the same seed. Alpha is
// 0, 0.5, 1 and in between, by regions.
void Fill(GeglBuffer* buffer, int seed);

// A line "WIDTH HEIGHT BYTES-A-PIXEL BABL-FORMAT", then the rows. False: the file can't be written.
bool Dump(GeglBuffer* buffer, const char* file);

// The rows of such a file, of the same size and format, into the buffer. False: it isn't one.
bool Load(GeglBuffer* buffer, const char* file);
