// Included first by everything that uses generated messages in ThreadSanitizer builds. Protobuf's header
// gives map fields two more members there, which the distribution's library, built without it, doesn't have:
// the fields behind them would be read at the wrong place.
#pragma once

#ifdef __cplusplus
#include <memory>  // looks at the macro too, and must still see it
#pragma push_macro("__SANITIZE_THREAD__")
#undef __SANITIZE_THREAD__
#include <google/protobuf/map_field.h>
#pragma pop_macro("__SANITIZE_THREAD__")
#endif
