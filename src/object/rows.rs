//! Attribute rows common to all objects, to storage objects, to keys, and of the classes without a
//! key type (PKCS#11 v3.1 sections 4.4 to 4.14).
