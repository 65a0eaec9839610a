// What the libraries show to their users; everything else is hidden.
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
