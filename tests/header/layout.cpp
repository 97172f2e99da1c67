// The same facts as C++17 sees them.
#include "layout.c"
