//! Small DER forms: OIDs, octet strings, SPKI.
