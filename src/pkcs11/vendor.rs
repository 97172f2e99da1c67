//! Our own and other vendors' numbers (0x80000000 and up).
