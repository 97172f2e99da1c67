/* The header as C11 sees it (and, through layout.cpp, as C++17 does). The facts below are those of
 * the vendors' own headers, for LP64; generated.h holds what Rust sees. */
#include <assert.h>
#include <stddef.h>

typedef unsigned char CK_BYTE;
typedef unsigned long int CK_ULONG;
typedef CK_BYTE *CK_BYTE_PTR;
typedef void *CK_VOID_PTR;
typedef CK_ULONG *CK_ULONG_PTR;
typedef CK_ULONG CK_FLAGS;
typedef CK_ULONG CK_OBJECT_HANDLE;
typedef struct CK_ATTRIBUTE {
  CK_ULONG type;
  CK_VOID_PTR pValue;
  CK_ULONG ulValueLen;
} CK_ATTRIBUTE;
typedef CK_ATTRIBUTE *CK_ATTRIBUTE_PTR;

/* A vendor's own header may come first: its spelling of a number stays. */
#define CKM_BIP32_MASTER_DERIVE (0x80000000UL + 0xE00)

#include "chainhsm.h"
#include "chainhsm.h" /* twice is once */
#include "generated.h"

static_assert(sizeof(CK_BIP32_MASTER_DERIVE_PARAMS) == 48, "Luna master");
static_assert(offsetof(CK_BIP32_MASTER_DERIVE_PARAMS, pPrivateKeyTemplate) == 16, "Luna master");
static_assert(offsetof(CK_BIP32_MASTER_DERIVE_PARAMS, hPrivateKey) == 40, "Luna master");
static_assert(sizeof(CK_BIP32_CHILD_DERIVE_PARAMS) == 72, "Luna child");
static_assert(offsetof(CK_BIP32_CHILD_DERIVE_PARAMS, pulPath) == 32, "Luna child");
static_assert(offsetof(CK_BIP32_CHILD_DERIVE_PARAMS, ulPathErrorIndex) == 64, "Luna child");
static_assert(sizeof(CK_IBM_BTC_DERIVE_PARAMS) == 40, "IBM");
static_assert(sizeof(CK_SLIP10_CHILD_DERIVE_PARAMS) == 16, "Securosys");
static_assert(sizeof(CK_BC_SCHNORR_PARAMS) == 40, "own");

static_assert(CKM_BIP32_CHILD_DERIVE == 0x80000E01, "Luna");
static_assert(CKK_BIP32 == 0x80000014, "Luna");
static_assert(CKA_BIP32_CHAIN_CODE == 0x80001100, "Luna");
static_assert(CKR_BIP32_INVALID_KEY_PATH_LEN == 0x80000087, "Luna");
static_assert(CKM_KECCAK_256 == 0x80000F09, "Luna");
static_assert(CKM_IBM_BTC_DERIVE == 0x80070001, "IBM");
static_assert(CKA_IBM_USE_AS_DATA == 0x80010008, "IBM");
static_assert(CKM_EC_SLIP10_KEY_PAIR_GEN == 0x80000E02, "Securosys");
static_assert(CKM_BC_SCHNORR_BIP340 == 0xC2430201, "own");

int main(void) {
  CK_BC_SCHNORR_PARAMS parameter = {CKF_BC_SCHNORR_NO_AUX, NULL, 0, NULL, 0};
  CK_BC_SCHNORR_PARAMS_PTR pointer = &parameter;
  return pointer->flags == 1 ? 0 : 1;
}
