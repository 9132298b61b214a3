/* Debian 12's wine lacks bcryptprimitives.dll, which Rust's std takes its random numbers from: this one, laid beside a test
   program, takes them from advapi32, which wine has. For tests only. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T length) {
    return length <= MAXDWORD && RtlGenRandom(bytes, (ULONG)length);
}
