// STET_API marks the names that the libraries export; all others are hidden.
#pragma once

#if defined(STET_STATIC)
#define STET_API
#elif defined(_WIN32)
#if defined(STET_BUILDING)
#define STET_API __declspec(dllexport)
#else
#define STET_API __declspec(dllimport)
#endif
#else
#define STET_API __attribute__((visibility("default")))
#endif
